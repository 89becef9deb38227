// Townships: outlines, the one that is picked out, and names that do not run into each other.

const FONT = '"Microsoft YaHei","PingFang SC","Noto Sans CJK SC","Source Han Sans SC","WenQuanYi Zen Hei","SimHei",sans-serif';
const MOST_LABELS = 150;
const MOST_MARKS = 2000; // with more points in sight no name finds a place that covers none
const NIGHT_INK = "#e4eaf0"; // lines and names on a dark ground
const NIGHT_HALO = "rgba(12,18,24,0.92)";

class Units {
  constructor(record) {
    Object.assign(this, record);
    this.features = new Features(record);
    this.whole = record.names.length; // the outline of all of them stands last
  }

  *paintOutlines(view) {
    const inner = new Path2D(), outer = new Path2D();
    for (let f = 0; f < this.whole; f++) {
      if (this.features.meets(f, view.west, view.north, view.east, view.south, 0)) this.features.trace(view, f, inner);
    }
    this.features.trace(view, this.whole, outer);
    view.context.lineJoin = "round";
    for (const [path, pen] of [[inner, this.inner], [outer, this.outer]]) {
      cased(view, path, pen);
      yield;
    }
  }

  // Veil everything but one township.
  paintPicked(view, unit, dark) {
    const context = view.context;
    const veil = new Path2D(), outline = new Path2D();
    veil.rect(0, 0, view.width, view.height);
    this.features.trace(view, unit, veil);
    this.features.trace(view, unit, outline);
    context.fillStyle = dark ? "rgba(12,18,24,0.66)" : "rgba(255,255,255,0.66)";
    context.fill(veil, "evenodd");
    context.lineJoin = "round";
    context.strokeStyle = "#fff";
    context.lineWidth = 7 * view.ratio;
    context.stroke(outline);
    context.strokeStyle = "#1f2933";
    context.lineWidth = 3.5 * view.ratio;
    context.stroke(outline);
  }
}

// A line with a light edge, legible on every colour.
function cased(view, path, pen) {
  const context = view.context;
  context.strokeStyle = casing(view);
  context.lineWidth = (pen.width + 2) * view.ratio;
  context.stroke(path);
  context.strokeStyle = view.night ? NIGHT_INK : pen.colour;
  context.lineWidth = pen.width * view.ratio;
  context.setLineDash(pen.dash.map((d) => d * view.ratio));
  context.stroke(path);
  context.setLineDash([]);
}

// Write names where there is room, the first ones first.
class Labels {
  constructor(view, covered, overlays) {
    this.view = view;
    this.marks = marksOf(view, overlays);
    // where the part of the map that is seen ends on the right
    this.edge = view.width - view.margin - covered;
    this.taken = [];
    this.context = view.context;
    this.context.textBaseline = "middle";
    this.context.lineJoin = "round";
  }

  // A name in the middle of an area, where it hides no mark if it can, or beside a point, where it hides none; tells whether it fitted.
  write(text, worldXY, { size, bold, right }) {
    const { context, view } = this;
    const height = size * view.ratio;
    context.font = (bold ? "600 " : "") + height + "px " + FONT;
    const width = context.measureText(text).width;
    const place = [worldXY[0] * view.scale - view.left, worldXY[1] * view.scale - view.top];
    const spots = right ? this.beside(place, right * view.ratio, width, height) : around(place, width, height);
    const fitting = spots.map(([x, y]) => ({ x, y, box: [x - 3, y - height * 0.65, x + width + 3, y + height * 0.65] })).filter(({ box }) => this.isFree(box));
    const chosen = right ? fitting.find(({ box }) => this.inSight(box, place[0]) && !this.hidden(box, place)) : this.clearest(fitting);
    if (!chosen) return false;
    const { x, y, box } = chosen;
    this.taken.push(box);
    context.strokeStyle = view.night ? NIGHT_HALO : "rgba(255,255,255,0.92)";
    context.lineWidth = height * 0.26;
    context.strokeText(text, x, y);
    context.fillStyle = view.night ? NIGHT_INK : "#16202b";
    context.fillText(text, x, y);
    return true;
  }

  // To the right of a place, to its left, above or below; the left first where the name would run out of sight.
  beside([x, y], gap, width, height) {
    const sides = [[x + gap, y], [x - gap - width, y]];
    if (x < this.edge && x + gap + width > this.edge) sides.reverse();
    const off = gap + height * 0.65;
    return sides.concat([[x - width / 2, y - off], [x - width / 2, y + off]]);
  }

  isFree(box) {
    const { view } = this;
    if (box[2] < 0 || box[0] > view.width || box[3] < 0 || box[1] > view.height) return false;
    return !this.taken.some((b) => b[0] < box[2] && b[2] > box[0] && b[1] < box[3] && b[3] > box[1]);
  }

  // Whether a name beside a place that is seen is seen whole.
  inSight(box, place) {
    const west = this.view.margin;
    return place < west || place > this.edge || (box[0] >= west && box[2] <= this.edge);
  }

  // How many marks other than its own a name would lie on.
  hidden(box, own) {
    return this.marks.filter(
      ([x, y, r]) => x + r > box[0] && x - r < box[2] && y + r > box[1] && y - r < box[3] && !(own && x === own[0] && y === own[1])
    ).length;
  }

  // The spot where a name hides the fewest marks, the first of equals.
  clearest(spots) {
    let best = null, least = Infinity;
    for (const spot of spots) {
      const hidden = this.hidden(spot.box, null);
      if (hidden < least) [best, least] = [spot, hidden];
    }
    return best;
  }

  units(units, picked, size) {
    const order = units.names.map((_, i) => i);
    // the picked one first, then the wide ones
    const span = (i) => (i === picked ? Infinity : units.features.boxes[4 * i + 2] - units.features.boxes[4 * i]);
    order.sort((a, b) => span(b) - span(a));
    for (const i of order) {
      const place = units.places[i];
      if (place) this.write(units.names[i], [worldX(place[0]), worldY(place[1])], { size: size, bold: true });
    }
  }

  overlay(overlay, size) {
    const { view } = this;
    const features = overlay.features;
    let written = 0;
    for (let f = 0; f < features.count && written < MOST_LABELS; f++) {
      if (!overlay.labels[f] || !features.meets(f, view.west, view.north, view.east, view.south, 0)) continue;
      const right = features.dimension[f] === POINT ? overlay.radius + 5 : 0;
      if (this.write(overlay.labels[f], features.anchor(f), { size: size, right: right })) written++;
    }
  }
}

// In the middle of a place, or a little above or below.
function around([x, y], width, height) {
  return [0, -1.2, 1.2, -2.4, 2.4].map((lines) => [x - width / 2, y + lines * height]);
}

// The points in sight: x, y and radius in pixels.
function marksOf(view, overlays) {
  const marks = [];
  for (const { features, radius } of overlays) {
    for (let f = 0; f < features.count; f++) {
      if (features.dimension[f] !== POINT || !features.meets(f, view.west, view.north, view.east, view.south, 0)) continue;
      const [x, y] = features.anchor(f);
      if (marks.push([x * view.scale - view.left, y * view.scale - view.top, radius * view.ratio]) > MOST_MARKS) return [];
    }
  }
  return marks;
}
