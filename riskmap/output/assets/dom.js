// Small help with the document. Text from data only ever becomes text nodes.

const byId = (id) => document.getElementById(id);
const all = (selector) => Array.from(document.querySelectorAll(selector));

function element(tag, className, children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  for (const child of [].concat(children === undefined ? [] : children)) made.append(child);
  return made;
}

function fill(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (_, key) => values[key]);
}

function isTyping(target) {
  return target && (target.tagName === "INPUT" || target.tagName === "SELECT") && !["checkbox", "radio"].includes(target.type);
}

function coordinates(lon, lat) {
  const part = (value, positive, negative) => Math.abs(value).toFixed(5) + "°" + (value < 0 ? negative : positive);
  return part(lon, "E", "W") + "  " + part(lat, "N", "S");
}

// The same colour and pattern as on the map.
function dress(swatch, c, patterned) {
  const tiled = isOpen(c) || (patterned && c.pattern !== "solid");
  swatch.style.backgroundColor = isOpen(c) ? "transparent" : c.rgb;
  swatch.style.backgroundImage = tiled ? "url(" + patternCanvas(c, 16, patterned).toDataURL() + ")" : "none";
  swatch.style.backgroundSize = "8px 8px";
}
