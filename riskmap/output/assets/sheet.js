// How the page looks: patterns, dark and light, presentation, paper.

const PAPER_RATIO = 2.6;

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : window.matchMedia("(prefers-color-scheme: dark)").matches;
}

function wireTools(app) {
  const root = document.documentElement;
  byId("tool-pattern").addEventListener("click", (event) => {
    app.look.patterned = !app.look.patterned;
    event.currentTarget.setAttribute("aria-pressed", String(app.look.patterned));
    app.dressSwatches();
    app.repaint();
  });
  byId("tool-theme").addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    app.recolour();
  });
  window.matchMedia("(prefers-color-scheme: dark)").addListener(() => app.recolour());
  byId("tool-print").addEventListener("click", () => window.print());
  byId("tool-present").addEventListener("click", () => present(app));
  byId("notes").addEventListener("toggle", () => paperRatio || app.refit());
}

// Hide the panels and keep a short legend on the map, or bring them back.
function present(app) {
  const on = document.body.classList.toggle("presenting");
  // the card of layers serves as legend
  const card = byId("layers");
  if (on) app.cardWasOpen = card.open;
  card.open = on || app.cardWasOpen;
  byId("tool-present").setAttribute("aria-pressed", String(on));
  app.refit();
}

// The next view of a presentation: the whole area, then the townships as the table ranks them; also the keys of a pointer.
function nextView(app, step) {
  const views = [-1].concat(all("#units tbody tr").map((row) => Number(row.dataset.unit)));
  const at = views.indexOf(app.look.unit);
  app.pickUnit(views[(at + step + views.length) % views.length]);
}

// What a presentation says of the township on the screen.
function nameView(app, unit) {
  const facts = byId("view-facts");
  byId("view").classList.toggle("empty", unit < 0);
  byId("view-name").textContent = unit < 0 ? "" : app.units.names[unit];
  facts.textContent = "";
  if (unit >= 0) facts.append(rowAsList(unit));
  // the shares are of the whole area
  byId("short-legend").classList.toggle("shareless", unit >= 0);
}

// The rows that the sheet has no room for are left out from the end, and counted.
function shortenTable(app) {
  const panel = byId("panel"), note = byId("unprinted");
  if (!note) return;
  const rows = all("#units tbody tr");
  note.textContent = "";
  for (const row of rows) row.classList.remove("unprinted");
  for (let left = rows.length; left && panel.scrollHeight > panel.clientHeight; left--) {
    rows[left - 1].classList.add("unprinted");
    note.textContent = fill(app.words.unprinted, { n: rows.length - left + 1 });
  }
}

// Size of the map on the sheet that lies and on the one that stands, CSS pixels.
const LYING = [1094, 860];
const STANDING = [690, 1270];

// A tall area is printed on an upright sheet.
function chooseSheet(app) {
  const corner = (point) => app.map.project(point, 10);
  const size = corner(app.bounds.getSouthEast()).subtract(corner(app.bounds.getNorthWest()));
  const scale = ([width, height]) => Math.min(width / size.x, height / size.y);
  const upright = scale(STANDING) > scale(LYING);
  document.documentElement.classList.toggle("upright", upright);
  byId("upright").media = upright ? "all" : "not all";
}

// On paper the map has its own size: it is laid out, fitted and painted before the print, and put back after it.
function wirePaper(app) {
  const folds = [byId("notes"), byId("layers")];
  chooseSheet(app);
  let before = null;
  const lay = () => {
    if (before) return;
    before = { bounds: app.map.getBounds(), centre: app.map.getCenter(), zoom: app.map.getZoom(), whole: app.isWhole() };
    before.closed = folds.filter((fold) => !fold.open);
    app.map.closePopup();
    for (const fold of folds) fold.open = true;
    document.documentElement.classList.add("paper");
    shortenTable(app);
    paperRatio = PAPER_RATIO;
    app.map.invalidateSize({ animate: false, pan: false });
    app.map.fitBounds(before.whole ? app.home() : before.bounds, { animate: false, padding: [14, 14] });
    app.recolour();
  };
  const putBack = () => {
    if (!before) return;
    paperRatio = 0;
    document.documentElement.classList.remove("paper");
    for (const fold of before.closed) fold.open = false;
    app.map.invalidateSize({ animate: false, pan: false });
    app.map.setView(before.centre, before.zoom, { animate: false });
    before = null;
    app.recolour();
  };
  window.addEventListener("beforeprint", lay);
  window.addEventListener("afterprint", putBack);
}
