// The ground of a map without colours: the lie of the land in pale tones, or one tone where no heights are known.

class Ground {
  constructor(record, tones) {
    this.flat = record;
    this.relief = record.relief && new Grid(
      {
        id: "relief",
        rows: record.relief.rows,
        columns: record.relief.columns,
        outside: 255,
        mapping: record.relief.mapping,
        classes: [],
      },
      tones
    );
    this.inks = {};
  }

  *paint(view, units, dark) {
    const context = view.context;
    if (this.relief) yield* this.relief.paintWith(view, this.ink(view, dark));
    if (!units) return;
    const whole = new Path2D();
    units.features.trace(view, units.whole, whole);
    context.fillStyle = dark ? this.flat.dark : this.flat.light;
    // under the tones, then everything beyond the boundary away
    for (const operation of ["destination-over", "destination-in"]) {
      context.globalCompositeOperation = operation;
      context.fill(whole, "evenodd");
    }
    context.globalCompositeOperation = "source-over";
    yield;
  }

  // One tile of plain colour for each tone; tone 0 is not shown.
  ink(view, dark) {
    const side = patternSide(view.ratio), key = side + (dark ? "dark" : "light");
    if (!this.inks[key]) {
      const colours = dark ? this.flat.relief.dark : this.flat.relief.light;
      const inks = new Array(256).fill(null);
      colours.forEach((rgb, i) => (inks[i + 1] = new Uint32Array(side * side).fill(packColour(...channels(rgb), 255))));
      this.inks[key] = inks;
    }
    return this.inks[key];
  }
}
