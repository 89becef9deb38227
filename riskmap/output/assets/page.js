// The page: what is shown, and what happens on a click or a key.

const MOST_NEARBY = 6;
const EDGE = 22; // pixels around the area
const DEAREST_CARD = 0.25; // zoom levels
const LEAST_ANSWER = 280; // width of a popup that is worth standing beside the card, pixels

class App {
  constructor(map, told) {
    this.map = map;
    this.words = told.words;
    this.coded = told.coded;
    this.bounds = L.latLngBounds([told.bounds[1], told.bounds[0]], [told.bounds[3], told.bounds[2]]);
    this.look = { grid: told.grids.length && told.coloured ? 0 : -1, patterned: false, boundaries: true, unit: -1 };
    this.grids = [];
    this.overlays = [];
    this.units = null;
    this.layers = [];
  }

  async load(told) {
    const numbered = (kind, list) => list.map((record, i) => unpack(kind + "-" + i));
    const grids = await Promise.all(numbered("grid", told.grids));
    this.grids = told.grids.map((record, i) => new Grid(record, grids[i]));
    for (let i = 0; i < told.vectors.length; i++) {
      this.overlays.push(new Overlay(told.vectors[i], await unpackJson("vector-" + i)));
    }
    if (told.units) {
      this.units = new Units(told.units);
      if (told.units.bytes) {
        const cells = await unpack("unit-cells");
        this.unitCells = told.units.bytes === 2 ? new Uint16Array(cells.slice().buffer) : cells;
      }
    }
    this.ground = new Ground(told.ground, told.ground.relief && (await unpack("relief")));
    this.why = told.why && new Why(told.why);
    this.whyLeftOut = told.why_left_out;
    this.answers = await loadAnswers(told, this.overlays);
    this.comparison = told.comparison && new Comparison(this, told.comparison, await unpack("before"));
    this.layers = this.grids
      .map((grid, i) => ({ id: grid.id, title: grid.title, kind: "grid", visible: i === this.look.grid, classes: grid.classes }))
      .concat(this.overlays.map((o) => ({ id: o.id, title: o.title, kind: "vector", visible: o.visible, classes: o.classes, count: o.features.count })));
  }

  draw() {
    this.canvas = new CanvasLayer(this.painter(() => this.grid)).addTo(this.map);
  }

  // What a canvas paints over the colours of a grid.
  painter(grid) {
    return { steps: (view) => this.paint(view, grid()), names: (view) => this.paintLabels(view, grid()) };
  }

  // Paint a view in steps, each of which takes a few milliseconds.
  *paint(view, grid) {
    view.night = this.isNight(grid);
    if (grid) yield* grid.paint(view, this.look.patterned);
    else if (!this.online) yield* this.ground.paint(view, this.units, view.night);
    yield* this.paintVectors(view);
  }

  // Whether the ground is dark, so that lines and names must be light.
  isNight(grid) {
    return !grid && !this.online && isDark() && !paperRatio;
  }

  get grid() {
    return this.grids[this.look.grid];
  }

  get shownOverlays() {
    return this.overlays.filter((overlay) => overlay.visible);
  }

  *paintVectors(view) {
    const shown = this.shownOverlays;
    for (const overlay of shown) yield* overlay.paint(view, POLYGON, this.look.patterned);
    if (this.units && this.look.boundaries) yield* this.units.paintOutlines(view);
    for (const overlay of shown) yield* overlay.paint(view, LINE, this.look.patterned);
    if (this.units && this.look.unit >= 0) yield this.units.paintPicked(view, this.look.unit, isDark() && !paperRatio);
    for (const overlay of shown) yield* overlay.paint(view, POINT);
  }

  paintLabels(view, grid) {
    view.night = this.isNight(grid);
    const labels = new Labels(view, this.cardWidth() * view.ratio, this.shownOverlays);
    const size = Math.max(14, Math.min(20, this.map.getSize().x / 60));
    if (this.units && this.look.boundaries) labels.units(this.units, this.look.unit, size);
    for (const overlay of this.shownOverlays) if (overlay.labels) labels.overlay(overlay, size * 0.82);
  }

  repaint() {
    this.canvas.repaint();
    if (this.comparison) this.comparison.repaint();
  }

  isPainted() {
    return this.canvas.isPainted() && (!this.comparison || this.comparison.isPainted());
  }

  // After a change between dark and light, of the page or of the ground alone.
  recolour() {
    this.dressSwatches();
    this.repaint();
  }

  // Swatches and symbols as the map has them now.
  dressSwatches() {
    // a symbol stands on what is under it on the map, through which it may be seen
    const night = this.isNight(this.grid);
    document.documentElement.style.setProperty("--under-symbols", night ? this.ground.flat.dark : this.ground.flat.light);
    for (const canvas of all("canvas[data-symbol]")) {
      const [overlay, number] = canvas.dataset.symbol.split(":").map(Number);
      if (number === undefined) sampleBoundary(canvas, this.units, night);
      else this.overlays[overlay].sample(canvas, number, this.look.patterned);
    }
    for (const swatch of all(".swatch")) {
      const [key, value] = swatch.dataset.class.split("-");
      const c = this.coded[key] ? this.coded[key].find((known) => known.value === Number(value)) : this.grids[key].classOf.get(Number(value));
      dress(swatch, c, this.look.patterned);
    }
  }

  showGrid(number) {
    this.look.grid = number;
    this.grids.forEach((grid, i) => {
      this.layers[i].visible = i === number;
      byId("legend-" + i).hidden = byId("short-" + i).hidden = i !== number;
    });
    byId("short-legend").classList.toggle("empty", number < 0);
    this.map.closePopup();
    this.recolour();
  }

  showOverlay(number, visible) {
    this.overlays[number].visible = this.layers[this.grids.length + number].visible = visible;
    const box = document.querySelector('input[data-vector="' + number + '"]');
    box.checked = visible;
    box.closest("li").classList.toggle("off", !visible);
    this.repaint();
  }

  // Bounds of what the page is about now: one township, or all.
  home() {
    const features = this.units && this.look.unit >= 0 ? this.units.features : null;
    return features && features.firsts[this.look.unit + 1] > features.firsts[this.look.unit] ? features.bounds(this.look.unit) : this.bounds;
  }

  isWhole() {
    return this.map.getBounds().contains(this.home());
  }

  // Fit after the stage has changed its size; a place that the reader zoomed to stays.
  refit() {
    const whole = this.isWhole();
    this.resize();
    if (whole) this.goHome(false);
  }

  resize() {
    this.map.invalidateSize({ animate: false, pan: true });
  }

  // Leaflet drops what is asked of it while it zooms: end that first.
  settle() {
    this.map._onZoomTransitionEnd();
    this.map.stop();
  }

  goHome(animate) {
    this.settle();
    this.map.fitBounds(this.home(), Object.assign({ animate: animate }, this.room()));
  }

  // Width of the stage that the open card of layers takes, 0 where it does not float on it.
  cardWidth() {
    return byId("layers").open ? this.covered() : 0;
  }

  // The same of the card as it is, open or closed.
  covered() {
    const card = byId("layers").getBoundingClientRect();
    const stage = byId("stage").getBoundingClientRect();
    const floats = card.width > 0 && card.left > stage.left + stage.width / 4 && card.top < stage.bottom;
    return floats && !paperRatio ? stage.right - card.left : 0;
  }

  // Room to leave around the area: beside the card of layers too, where that costs little of the area's size.
  room() {
    const width = this.cardWidth();
    const right = width && this.cost(width) <= DEAREST_CARD ? width : EDGE;
    // a presentation names the township over the map
    return { paddingTopLeft: [EDGE, EDGE + byId("view").offsetHeight], paddingBottomRight: [right, EDGE] };
  }

  // Zoom levels that the area loses when something takes its place on the right.
  cost(width) {
    const zoom = (right) => this.map.getBoundsZoom(this.home(), false, L.point(EDGE + right, 2 * EDGE + byId("view").offsetHeight));
    return zoom(EDGE) - zoom(width);
  }

  pickUnit(unit) {
    this.look.unit = unit;
    this.map.closePopup();
    markRow(unit);
    nameView(this, unit);
    this.goHome(mayMove());
    this.repaint();
  }

  goTo(overlay, feature) {
    this.settle();
    const number = this.overlays.indexOf(overlay);
    if (!overlay.visible && overlay.drawn) this.showOverlay(number, true);
    const [x, y] = overlay.features.anchor(feature);
    const place = L.latLng(latitude(y), (x - 0.5) * 360);
    const bounds = overlay.features.bounds(feature);
    this.map.fitBounds(bounds, { maxZoom: Math.max(14, this.map.getZoom()), animate: false, padding: [60, 60] });
    this.ask(place);
  }

  // What is at a place: the class of the shown grid and the township of the cell.
  at(lon, lat) {
    const grid = this.grid || this.grids[0];
    const c = grid && grid.at(lon, lat);
    if (!c) return null;
    const unit = this.unitAt(lon, lat);
    return {
      level: c.value,
      name: c.label,
      roman: c.roman,
      colour: c.pattern === "none" ? null : c.rgb,
      unit: unit < 0 ? null : this.units.names[unit],
      code: unit < 0 ? null : this.units.codes[unit],
      layer: grid.id,
      lon: lon,
      lat: lat,
    };
  }

  unitAt(lon, lat) {
    const cell = this.unitCells ? this.grids[0].cell(lon, lat) : -1;
    return cell < 0 || this.unitCells[cell] === this.units.none ? -1 : this.unitCells[cell];
  }

  // Where a popup may stand, and how large it may be: clear of the buttons and of what floats on the right, or, where that
  // leaves too little width, below the compass.
  answerRoom() {
    const stage = byId("stage").getBoundingClientRect();
    const compass = document.querySelector(".compass").getBoundingClientRect();
    const left = 64, edge = 24, frame = 34, tip = 20;
    let right = Math.max(this.covered(), stage.right - compass.left) + 12, top = edge;
    if (stage.width - left - right - frame < LEAST_ANSWER) {
      if (this.cardWidth()) byId("layers").open = false;
      right = this.covered() + 10;
      top = compass.bottom - stage.top + 8;
    }
    const width = Math.min(420, stage.width - left - right - frame);
    return {
      maxWidth: width,
      minWidth: Math.min(250, width),
      maxHeight: Math.max(80, stage.height - top - edge - frame - tip),
      autoPanPaddingTopLeft: [left, top],
      autoPanPaddingBottomRight: [right, edge],
    };
  }

  // Open the popup of a place.
  ask(place) {
    const world = this.map.options.crs.scale(this.map.getZoom());
    const reach = window.matchMedia("(pointer: coarse)").matches ? 20 : 9;
    const x = worldX(place.lng), y = worldY(place.lat);
    const asked = this.overlays.filter((overlay) => (overlay.drawn ? overlay.visible : overlay.popup.length));
    const near = [].concat(...asked.map((o) => o.near(x, y, (reach + o.radius / 2) / world)));
    near.sort((a, b) => a.distance - b.distance);
    L.popup(Object.assign({ closeOnEscapeKey: false }, this.answerRoom()))
      .setLatLng(place)
      .setContent(this.answer(place, near))
      .openOn(this.map);
    const close = document.querySelector(".leaflet-popup-close-button");
    if (close) close.setAttribute("aria-label", this.words.close);
    // a long answer scrolls, also by keyboard
    const content = document.querySelector(".leaflet-popup-content");
    content.tabIndex = 0;
    content.setAttribute("role", "group");
    content.setAttribute("aria-label", this.words.here);
  }

  chip(grid, value) {
    const chip = element("span", "swatch");
    chip.dataset.class = this.grids.indexOf(grid) + "-" + value;
    dress(chip, grid.classOf.get(value), this.look.patterned);
    return chip;
  }

  // The classes of the grids that are not shown: single hazards say why a place is red.
  others(place) {
    const list = element("dl", "others");
    for (const grid of this.grids) {
      const c = grid === (this.grid || this.grids[0]) ? null : grid.at(place.lng, place.lat);
      if (c) list.append(element("div", "", [element("dt", "", grid.title), element("dd", "", [this.chip(grid, c.value), c.label])]));
    }
    const before = this.comparison && this.comparison.on && this.comparison.grid.at(place.lng, place.lat);
    if (before) list.append(element("div", "", [element("dt", "", this.comparison.before), element("dd", "", before.label)]));
    return list;
  }

  answer(place, near) {
    const here = this.at(place.lng, place.lat);
    const card = element("div", "card");
    card.setAttribute("role", "status");
    if (here) {
      const chip = this.chip(this.grid || this.grids[0], here.level);
      card.append(element("p", "level", [chip, element("span", "roman", here.roman), element("strong", "", here.name)]));
      card.append(this.others(place));
    } else if (this.grids.length) card.append(element("p", "unit", this.words.outside));
    card.append(element("p", "where", coordinates(place.lng, place.lat)));
    // what was clicked at comes first, what lies all about comes last
    const found = distinct(near), told = found.slice(0, MOST_NEARBY);
    const hits = told.filter(({ overlay, feature }) => overlay.features.dimension[feature] !== POLYGON);
    const sections = (list) => list.map(({ overlay, feature }) => describe(overlay, feature, this.look.patterned));
    card.append(...sections(hits));
    if (here || !this.grids.length) card.append(this.nearest(place));
    if (here) card.append(this.because(place, !hits.length));
    if (here) {
      const name = element("p", "unit", here.unit || this.words.no_township);
      card.append(element("div", "township", [name, rowAsList(this.unitAt(place.lng, place.lat))]));
    }
    card.append(...sections(told.filter((one) => !hits.includes(one))));
    if (found.length > told.length) card.append(element("p", "more", fill(this.words.more, { n: found.length - told.length })));
    return card;
  }

  // How long until the engine comes, how far the shelter is.
  nearest(place) {
    const list = element("dl", "answers");
    for (const answer of this.answers) {
      list.append(element("div", "", [element("dt", "", answer.question), element("dd", "", answer.at(place.lng, place.lat))]));
    }
    return list;
  }

  // Why the place has its level; the numbers follow as soon as they are unpacked.
  because(place, open) {
    const holder = element("div", "why");
    const cell = this.why && this.grid !== this.grids[1] ? this.grids[0].cell(place.lng, place.lat) : -1;
    if (cell >= 0) explain(this, holder, cell, this.grids[0].codes[cell], open);
    else if (this.whyLeftOut) holder.append(element("p", "rounded", this.words.why_left_out));
    return element("div", "", holder);
  }
}

// The figures of a township, as the table has them.
function rowAsList(unit) {
  const list = element("dl");
  const row = document.querySelector('#units tr[data-unit="' + unit + '"]');
  const headings = all("#units thead th");
  for (let i = 2; row && i < row.cells.length; i++) {
    const text = row.cells[i].title || row.cells[i].textContent.trim();
    const [label, unit] = Array.from(headings[i].querySelector("button").children, (part) => part.textContent);
    list.append(element("div", "", [element("dt", "", label), element("dd", "", unit ? text + " " + unit : text)]));
  }
  return list;
}

// Features that say the same are told of once.
function distinct(near) {
  const told = new Set();
  return near.filter(({ overlay, feature }) => {
    const said = [overlay.id, overlay.classNumber(feature)].concat(overlay.popup.map(([, texts]) => texts[feature])).join("\n");
    return !told.has(said) && told.add(said);
  });
}

function describe(overlay, feature, patterned) {
  const number = overlay.classNumber(feature);
  const heading = element("h3", "", overlay.title);
  if (overlay.drawn) {
    const canvas = element("canvas", "symbol");
    canvas.width = 72;
    canvas.height = 40;
    overlay.sample(canvas, number, patterned);
    heading.prepend(canvas);
  }
  const named = number < 0 ? "" : overlay.classes[number].label;
  if (named) heading.append(element("small", "", named));
  const list = element("dl");
  for (const [label, texts] of overlay.popup) {
    if (texts[feature] !== named) list.append(element("div", "", [element("dt", "", label), element("dd", "", texts[feature])]));
  }
  return element("section", "", [heading, list]);
}

function icon(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 18 18");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

// Unless the reader asked for less motion.
function mayMove() {
  return !window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}

function addControls(app) {
  L.control.zoom({ zoomInTitle: app.words.zoom_in, zoomOutTitle: app.words.zoom_out }).addTo(app.map);
  L.control.scale({ imperial: false, maxWidth: 160 }).addTo(app.map);
  const home = element("button", "", icon("M2 6V2H6M12 2H16V6M16 12V16H12M6 16H2V12"));
  home.type = "button";
  home.id = "whole";
  home.title = app.words.whole;
  home.setAttribute("aria-label", app.words.whole);
  home.addEventListener("click", () => app.pickUnit(-1));
  L.DomEvent.disableClickPropagation(home);
  const corner = L.control({ position: "topleft" });
  corner.onAdd = () => element("div", "leaflet-bar", home);
  corner.addTo(app.map);
}

function wireMap(app) {
  const container = app.map.getContainer();
  container.setAttribute("role", "application");
  container.setAttribute("aria-label", app.words.map);
  app.map.on("click", (event) => app.ask(event.latlng));
  app.map.on("mousemove", (event) => (byId("readout").textContent = coordinates(event.latlng.lng, event.latlng.lat)));
  container.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target === container) app.ask(app.map.getCenter());
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
    if (event.key === "p" || event.key === "P") present(app);
    else if (event.key === "PageDown" || event.key === "n" || event.key === "N") nextView(app, 1);
    else if (event.key === "PageUp" || event.key === "b" || event.key === "B") nextView(app, -1);
    else if (event.key === "Escape") escape(app);
  });
  let width = 0;
  window.addEventListener("resize", () => {
    if (paperRatio || (window.innerWidth === width && L.Browser.mobile)) return;
    width = window.innerWidth;
    app.refit();
  });
}

// Esc undoes the latest thing: popup, picked township, presentation.
function escape(app) {
  if (document.querySelector(".leaflet-popup")) app.map.closePopup();
  else if (app.look.unit >= 0) app.pickUnit(-1);
  else if (document.body.classList.contains("presenting")) present(app);
}

async function start(map) {
  const told = await unpackJson("page");
  const app = new App(map, told);
  await app.load(told);
  map.invalidateSize({ animate: false });
  byId("layers").open = app.cardWidth() > 0 && app.cost(app.cardWidth()) <= DEAREST_CARD;
  app.goHome(false);
  app.dressSwatches();
  app.draw();
  if (app.comparison) app.comparison.wire();
  addControls(app);
  wireLegend(app);
  wireLayers(app);
  wireTable(app);
  wireSearch(app);
  wireTools(app);
  wirePaper(app);
  wireMap(app);
  if (told.online) wireBasemap(app);
  // after the drawing, so that the first click need not wait
  if (app.why) window.setTimeout(() => app.why.load(), 50);
  // milliseconds since the page was asked for
  const drawn = performance.now();
  window.riskmap = { ready: true, at: (lon, lat) => app.at(lon, lat), layers: app.layers, map: map, drawn: drawn, painted: () => app.isPainted() };
}

window.riskmapPage = function (map) {
  start(map).catch((error) => {
    byId("trouble").hidden = false;
    console.error(error);
  });
};
