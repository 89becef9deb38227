// Two runs of one map: the earlier one left of a line that the reader moves, the present one right of it.

class Comparison {
  constructor(app, record, codes) {
    Object.assign(this, record);
    this.app = app;
    this.grid = new Grid(record.grid, codes);
    this.on = false;
    this.slider = byId("swipe");
    this.line = byId("swipe-line");
  }

  wire() {
    const pane = this.app.map.createPane("before");
    pane.style.zIndex = 450; // over the present map, under popups
    this.canvas = new CanvasLayer(this.app.painter(() => this.grid), { pane: "before" });
    this.slider.addEventListener("input", () => this.cut());
    this.app.map.on("move zoomend resize", () => this.cut());
    byId("tool-compare").addEventListener("click", () => this.toggle(!this.on));
  }

  toggle(on) {
    this.on = on;
    byId("tool-compare").setAttribute("aria-pressed", String(on));
    byId("comparing").hidden = !on;
    byId("compared").hidden = !on;
    this.app.map.getContainer().classList.toggle("comparing", on); // the scale bar stands above the slider
    if (on) this.canvas.addTo(this.app.map);
    else this.canvas.remove();
    if (on) this.cut();
  }

  repaint() {
    if (this.on) this.canvas.repaint();
  }

  isPainted() {
    return !this.on || this.canvas.isPainted();
  }

  // Show the earlier run up to the line only.
  cut() {
    if (!this.on) return;
    const map = this.app.map, size = map.getSize();
    const share = Number(this.slider.value) / 100;
    const corner = map.containerPointToLayerPoint([0, 0]);
    const edge = corner.x + size.x * share;
    map.getPane("before").style.clip = "rect(" + [corner.y, edge, corner.y + size.y, corner.x].map((v) => Math.round(v) + "px").join(",") + ")";
    this.line.style.left = 100 * share + "%";
    this.slider.setAttribute("aria-valuetext", fill(this.app.words.compare_value, { n: Math.round(100 * share), before: this.before }));
  }
}
