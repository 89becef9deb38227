// A coloured grid: which cell a place is in, and painting cells by their codes.

const BAND = 256; // rows of dots painted in one step

function polynomial(coefficients, v) {
  return coefficients[0] + v * (coefficients[1] + v * (coefficients[2] + v * coefficients[3]));
}

class Grid {
  constructor(record, codes) {
    Object.assign(this, record);
    this.codes = codes;
    this.hidden = new Set();
    this.classOf = new Map(record.classes.map((c) => [c.value, c]));
  }

  // Position of the cell at a longitude and latitude, -1 outside the grid.
  cell(lon, lat) {
    const m = this.mapping;
    if (!(lon >= m.box[0] && lat >= m.box[1] && lon <= m.box[2] && lat <= m.box[3])) return -1;
    const u = (lon - m.centre[0]) / m.scale[0];
    const v = (lat - m.centre[1]) / m.scale[1];
    const column = Math.floor(polynomial(m.column.map((c) => polynomial(c, v)), u));
    const row = Math.floor(polynomial(m.row.map((c) => polynomial(c, v)), u));
    if (column < 0 || row < 0 || column >= this.columns || row >= this.rows) return -1;
    return row * this.columns + column;
  }

  // Class at a place, null outside the area.
  at(lon, lat) {
    const cell = this.cell(lon, lat);
    if (cell < 0 || this.codes[cell] === this.outside) return null;
    return this.classOf.get(this.codes[cell]);
  }

  paint(view, patterned) {
    return this.paintWith(view, this.inks(patternSide(view.ratio), patterned));
  }

  // Every pixel takes the ink of the cell under its middle.
  *paintWith(view, inks) {
    const m = this.mapping;
    const left = Math.max(0, Math.floor(worldX(m.box[0]) * view.scale - view.left));
    const right = Math.min(view.width, Math.ceil(worldX(m.box[2]) * view.scale - view.left));
    const top = Math.max(0, Math.floor(worldY(m.box[3]) * view.scale - view.top));
    const bottom = Math.min(view.height, Math.ceil(worldY(m.box[1]) * view.scale - view.top));
    if (right <= left) return;
    for (let y = top; y < bottom; y += BAND) yield this.paintBand(view, inks, left, right, y, Math.min(bottom, y + BAND));
  }

  paintBand(view, inks, left, right, top, bottom) {
    const m = this.mapping;
    const image = view.context.createImageData(right - left, bottom - top);
    const out = new Uint32Array(image.data.buffer);
    const side = patternSide(view.ratio);
    const { codes, columns, rows } = this;
    const u0 = (((view.left + left + 0.5) / view.scale - 0.5) * 360 - m.centre[0]) / m.scale[0];
    const du = 360 / view.scale / m.scale[0];
    for (let y = top, place = 0; y < bottom; y++) {
      const v = (latitude((view.top + y + 0.5) / view.scale) - m.centre[1]) / m.scale[1];
      const [c0, c1, c2, c3] = m.column.map((c) => polynomial(c, v));
      const [r0, r1, r2, r3] = m.row.map((c) => polynomial(c, v));
      const stripe = ((view.top + y) & (side - 1)) * side;
      for (let x = left; x < right; x++, place++) {
        const u = u0 + du * (x - left);
        const column = c0 + u * (c1 + u * (c2 + u * c3));
        const row = r0 + u * (r1 + u * (r2 + u * r3));
        if (!(column >= 0 && row >= 0 && column < columns && row < rows)) continue;
        const ink = inks[codes[(row | 0) * columns + (column | 0)]];
        if (ink) out[place] = ink[stripe + ((view.left + x) & (side - 1))];
      }
    }
    view.context.putImageData(image, left, top);
  }

  // Pattern tile of each code; none for cells outside and for classes that are switched off.
  inks(side, patterned) {
    const inks = new Array(256).fill(null);
    for (const c of this.classes) {
      if (!this.hidden.has(c.value)) inks[c.value] = patternTile(c, side, patterned);
    }
    return inks;
  }
}

// Side of a pattern tile in dots, a power of two.
function patternSide(ratio) {
  return ratio > 2.5 ? 32 : ratio > 1.25 ? 16 : 8;
}

function packColour(red, green, blue, opacity) {
  return ((opacity << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

function channels(rgb) {
  return [1, 3, 5].map((i) => parseInt(rgb.slice(i, i + 2), 16));
}

// Whether the pattern marks a dot of the tile.
function marked(pattern, x, y, side) {
  const rising = (x + y) % side;
  const falling = (x - y + side) % side;
  if (pattern === "none") return falling < side / 8;
  if (pattern === "hatch") return x % side < side / 8; // upright: no class has such lines
  if (pattern === "lines") return rising < side / 4;
  if (pattern === "cross") return rising < side / 4 || falling < side / 4;
  if (pattern === "dots") return Math.hypot(x + 0.5 - side / 2, y + 0.5 - side / 2) < side * 0.22;
  return false;
}

// Whether a class lets what is under it be seen: the hatch of unknown ground, and of a note over the colours.
function isOpen(c) {
  return c.pattern === "none" || c.pattern === "hatch";
}

// One tile of a class: plain colour, or its pattern darker on it. Unknown ground ("none") is a grey hatch on nothing; on a
// dark screen, where nothing would be black, it is a light hatch on grey.
function patternTile(c, side, patterned) {
  const [red, green, blue] = channels(c.rgb);
  const open = isOpen(c);
  const dark = c.pattern === "none" && isDark() && !paperRatio;
  const ground = dark ? packColour(66, 78, 90, 255) : open ? 0 : packColour(red, green, blue, 255);
  const shade = dark ? 1 : open ? 0.82 : 0.42;
  const mark = packColour(red * shade, green * shade, blue * shade, 255);
  const tile = new Uint32Array(side * side);
  for (let i = 0; i < tile.length; i++) {
    const on = (open || patterned) && marked(c.pattern, i % side, Math.floor(i / side), side);
    tile[i] = on ? mark : ground;
  }
  return tile;
}

// The same tile as a small canvas, for legend swatches and filled polygons.
function patternCanvas(c, side, patterned) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  const context = canvas.getContext("2d");
  const image = context.createImageData(side, side);
  new Uint32Array(image.data.buffer).set(patternTile(c, side, patterned));
  context.putImageData(image, 0, 0);
  return canvas;
}
