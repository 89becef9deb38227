// The search box: townships and named features, by any part of the name.

const MOST_FOUND = 12;

function searchIndex(app) {
  const index = [];
  if (app.units) {
    app.units.names.forEach((name, i) => index.push({ text: name, kind: app.words.township, go: () => app.pickUnit(i) }));
  }
  for (const overlay of app.overlays) {
    (overlay.search || []).forEach((text, f) => text && index.push({ text: text, kind: overlay.title, go: () => app.goTo(overlay, f) }));
  }
  for (const entry of index) entry.key = entry.text.toLowerCase();
  return index;
}

function wireSearch(app) {
  const box = byId("search"), list = byId("found"), state = byId("search-state");
  const index = searchIndex(app);
  let found = [], at = -1;

  const close = () => {
    list.hidden = true;
    at = -1;
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
  };
  const choose = (i) => {
    box.value = found[i].text;
    close();
    found[i].go();
  };
  const mark = (i) => {
    at = (i + found.length) % found.length;
    Array.from(list.children).forEach((item, k) => item.setAttribute("aria-selected", String(k === at)));
    box.setAttribute("aria-activedescendant", "found-" + at);
    list.children[at].scrollIntoView({ block: "nearest" });
  };
  const show = () => {
    const wanted = box.value.trim().toLowerCase();
    const hits = wanted ? index.filter((entry) => entry.key.includes(wanted)) : [];
    // names that begin with the words come first
    hits.sort((a, b) => b.key.startsWith(wanted) - a.key.startsWith(wanted));
    found = hits.slice(0, MOST_FOUND);
    list.textContent = "";
    found.forEach((entry, i) => {
      const item = element("li", "", [element("span", "", entry.text), element("small", "", entry.kind)]);
      item.id = "found-" + i;
      item.setAttribute("role", "option");
      item.addEventListener("mousedown", (event) => event.preventDefault());
      item.addEventListener("click", () => choose(i));
      list.append(item);
    });
    if (wanted && !found.length) list.append(element("li", "none", app.words.search_none));
    state.textContent = wanted ? fill(app.words.search_count, { n: hits.length }) : "";
    list.hidden = !wanted;
    box.setAttribute("aria-expanded", String(!!wanted));
    at = -1;
  };

  box.addEventListener("input", show);
  box.addEventListener("blur", close);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      if (list.hidden) box.blur();
      close();
      event.stopPropagation();
    } else if (found.length && event.key === "ArrowDown") mark(at + 1);
    else if (found.length && event.key === "ArrowUp") mark(at - 1);
    else if (found.length && event.key === "Enter") choose(Math.max(at, 0));
    else return;
    event.preventDefault();
  });
}
