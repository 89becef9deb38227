// Points, lines and polygons: decoding, painting, and finding what is under the pointer.

const POINT = 0;
const LINE = 1;
const POLYGON = 2;
const CASING = "rgba(255,255,255,0.85)";
const NIGHT_CASING = "rgba(12,18,24,0.85)";
const THIN = 1.5; // CSS pixels: whether the ends of such lines are round cannot be seen
const PATTERN_DASHES = { lines: [9, 5], dots: [2, 5] };
const LEAST_SIZE = 0.55; // share of its size that a symbol keeps where symbols crowd
const MARGIN = 200; // dots around the view in which lines are still drawn
const AT_ONCE = 2000; // vertices, or points, that are painted in one step
const MOST_SPACED = 2000; // points that decide how crowded a layer is

class Features {
  // Turn strips of coordinate differences (millionths of a degree) into world coordinates.
  constructor(record) {
    const count = record.dimension.length;
    const vertices = record.xy.length / 2;
    this.count = count;
    this.dimension = record.dimension;
    this.x = new Float64Array(vertices);
    this.y = new Float64Array(vertices);
    for (let i = 0, lon = 0, lat = 0; i < vertices; i++) {
      lon += record.xy[2 * i];
      lat += record.xy[2 * i + 1];
      this.x[i] = worldX(lon / 1e6);
      this.y[i] = worldY(lat / 1e6);
    }
    this.starts = running(record.sizes);
    this.firsts = running(record.strips);
    this.boxes = new Float64Array(4 * count);
    for (let f = 0; f < count; f++) this.boxes.set(this.measure(f), 4 * f);
  }

  measure(f) {
    let west = Infinity, north = Infinity, east = -Infinity, south = -Infinity;
    for (let i = this.starts[this.firsts[f]]; i < this.starts[this.firsts[f + 1]]; i++) {
      west = Math.min(west, this.x[i]);
      east = Math.max(east, this.x[i]);
      north = Math.min(north, this.y[i]);
      south = Math.max(south, this.y[i]);
    }
    return [west, north, east, south];
  }

  // Whether the feature's box, widened, meets a box of the world.
  meets(f, west, north, east, south, margin) {
    const b = this.boxes, i = 4 * f;
    return b[i] <= east + margin && b[i + 2] >= west - margin && b[i + 1] <= south + margin && b[i + 3] >= north - margin;
  }

  // Usual distance of a point from its nearest neighbour, world units: neighbours in a sorted sweep.
  spacing() {
    if (this.usual === undefined) {
      const points = Array.from(this.starts.slice(0, -1), (i) => [this.x[i], this.y[i]]).sort((a, b) => a[0] - b[0]);
      const step = Math.max(1, Math.floor(points.length / MOST_SPACED));
      const nearest = [];
      for (let i = 0; i < points.length; i += step) {
        let least = Infinity;
        for (const way of [-1, 1]) {
          for (let k = i + way; points[k] && Math.abs(points[k][0] - points[i][0]) < least; k += way) {
            least = Math.min(least, Math.hypot(points[k][0] - points[i][0], points[k][1] - points[i][1]));
          }
        }
        nearest.push(least);
      }
      nearest.sort((a, b) => a - b);
      this.usual = nearest.length > 1 ? nearest[nearest.length >> 1] : Infinity;
    }
    return this.usual;
  }

  bounds(f) {
    const [west, north, east, south] = this.boxes.subarray(4 * f, 4 * f + 4);
    return L.latLngBounds([latitude(south), (west - 0.5) * 360], [latitude(north), (east - 0.5) * 360]);
  }

  // Put a feature on a path. Vertices nearer than a dot to the last one are left out, and so are pieces of lines that pass the
  // view on one side; dashes of so many dots go on behind these as if they had been drawn.
  trace(view, f, path, period) {
    const closed = this.dimension[f] === POLYGON;
    const low = -MARGIN, right = view.width + MARGIN, bottom = view.height + MARGIN;
    for (let s = this.firsts[f]; s < this.firsts[f + 1]; s++) {
      const first = this.starts[s], last = this.starts[s + 1] - 1;
      let x0 = this.x[first] * view.scale - view.left, y0 = this.y[first] * view.scale - view.top;
      let down = closed, length = 0;
      if (closed) path.moveTo(x0, y0);
      for (let i = first + 1; i <= last; i++) {
        const x = this.x[i] * view.scale - view.left, y = this.y[i] * view.scale - view.top;
        if (i < last && Math.abs(x - x0) + Math.abs(y - y0) < 1) continue;
        if (!closed && ((x < low && x0 < low) || (y < low && y0 < low) || (x > right && x0 > right) || (y > bottom && y0 > bottom))) {
          down = false;
        } else {
          if (!down) {
            const back = period ? (length % period) / (Math.hypot(x - x0, y - y0) || 1) : 0;
            path.moveTo(x0 - back * (x - x0), y0 - back * (y - y0));
          }
          path.lineTo(x, y);
          down = true;
        }
        if (period) length += Math.hypot(x - x0, y - y0);
        x0 = x;
        y0 = y;
      }
      if (closed) path.closePath();
    }
  }

  // Distance of a world point from a feature, in world units; 0 inside a polygon.
  distance(f, x, y) {
    if (this.dimension[f] === POLYGON && this.holds(f, x, y)) return 0;
    let least = Infinity;
    for (let s = this.firsts[f]; s < this.firsts[f + 1]; s++) {
      const first = this.starts[s];
      if (this.starts[s + 1] - first === 1) least = Math.min(least, Math.hypot(this.x[first] - x, this.y[first] - y));
      for (let i = first + 1; i < this.starts[s + 1]; i++) {
        least = Math.min(least, fromSegment(x, y, this.x[i - 1], this.y[i - 1], this.x[i], this.y[i]));
      }
    }
    return least;
  }

  // How far along a line (0 at its start, 1 at its end) its point nearest to a place is.
  along(f, x, y) {
    let whole = 0, at = 0, least = Infinity;
    for (let s = this.firsts[f]; s < this.firsts[f + 1]; s++) {
      for (let i = this.starts[s] + 1; i < this.starts[s + 1]; i++) {
        const xa = this.x[i - 1], ya = this.y[i - 1], dx = this.x[i] - xa, dy = this.y[i] - ya;
        const length = Math.hypot(dx, dy);
        const t = length ? Math.max(0, Math.min(1, ((x - xa) * dx + (y - ya) * dy) / (length * length))) : 0;
        const distance = Math.hypot(x - xa - t * dx, y - ya - t * dy);
        if (distance < least) {
          least = distance;
          at = whole + t * length;
        }
        whole += length;
      }
    }
    return whole ? at / whole : 0;
  }

  holds(f, x, y) {
    let inside = false;
    for (let s = this.firsts[f]; s < this.firsts[f + 1]; s++) {
      for (let i = this.starts[s] + 1; i < this.starts[s + 1]; i++) {
        const ya = this.y[i - 1], yb = this.y[i];
        if (ya > y !== yb > y && x < this.x[i - 1] + ((y - ya) / (yb - ya)) * (this.x[i] - this.x[i - 1])) inside = !inside;
      }
    }
    return inside;
  }

  // A vertex to hang a label or a popup on: the only one of a point, the middle one of a line.
  anchor(f) {
    const first = this.starts[this.firsts[f]], end = this.starts[this.firsts[f] + 1];
    const i = (first + end - 1) >> 1;
    if (this.dimension[f] !== POLYGON) return [this.x[i], this.y[i]];
    const b = this.boxes.subarray(4 * f, 4 * f + 4);
    return [(b[0] + b[2]) / 2, (b[1] + b[3]) / 2];
  }
}

function running(sizes) {
  const starts = new Uint32Array(sizes.length + 1);
  for (let i = 0; i < sizes.length; i++) starts[i + 1] = starts[i] + sizes[i];
  return starts;
}

function fromSegment(x, y, xa, ya, xb, yb) {
  const dx = xb - xa, dy = yb - ya;
  const length = dx * dx + dy * dy;
  const t = length ? Math.max(0, Math.min(1, ((x - xa) * dx + (y - ya) * dy) / length)) : 0;
  return Math.hypot(x - xa - t * dx, y - ya - t * dy);
}

class Overlay {
  constructor(description, record) {
    Object.assign(this, description);
    this.features = new Features(record);
    this.classNumbers = record.classes;
    this.popup = record.popup;
    this.search = record.search;
    this.labels = record.labels;
    // features by class, the first class of the style painted last, so that the worst lies on top
    this.groups = [];
    for (let k = -1; k < this.classes.length; k++) this.groups[k + 1] = { number: k, members: [] };
    for (let f = 0; f < this.features.count; f++) this.groups[this.classNumber(f) + 1].members.push(f);
    this.groups = [this.groups[0]].concat(this.groups.slice(1).reverse());
  }

  classNumber(f) {
    return this.classNumbers ? this.classNumbers[f] : -1;
  }

  colour(number) {
    return number < 0 ? this.fill || this.stroke : this.classes[number].rgb;
  }

  // Paint the features of one dimension, step by step.
  *paint(view, dimension, patterned) {
    const margin = ((this.radius + this.width + 4) * view.ratio) / view.scale;
    for (const group of this.groups) {
      const drawn = group.members.filter(
        (f) => this.features.dimension[f] === dimension && this.features.meets(f, view.west, view.north, view.east, view.south, margin)
      );
      if (!drawn.length) continue;
      if (dimension === POINT) yield* this.paintPoints(view, group.number, drawn);
      else if (dimension === LINE) yield* this.paintLines(view, group.number, drawn, patterned);
      else yield this.paintPolygons(view, group.number, drawn, patterned);
    }
  }

  // Cut a list of features into pieces of so many vertices.
  *batches(drawn) {
    const { starts, firsts } = this.features;
    let batch = [], vertices = 0;
    for (const f of drawn) {
      batch.push(f);
      vertices += starts[firsts[f + 1]] - starts[firsts[f]];
      if (vertices >= AT_ONCE) {
        yield batch;
        batch = [];
        vertices = 0;
      }
    }
    if (batch.length) yield batch;
  }

  *paintPoints(view, number, drawn) {
    // symbols shrink where they crowd
    const spacing = (this.features.spacing() * view.scale) / view.ratio;
    const crowd = Math.max(LEAST_SIZE, Math.min(1, spacing / (2 * this.radius * view.small)));
    const sprite = this.sprite(number, view.ratio * view.small * crowd);
    const half = sprite.width / 2;
    const { x, y, starts, firsts } = this.features;
    for (const batch of this.batches(drawn)) {
      view.context.globalAlpha = this.opacity;
      for (const f of batch) {
        for (let i = starts[firsts[f]]; i < starts[firsts[f + 1]]; i++) {
          view.context.drawImage(sprite, Math.round(x[i] * view.scale - half) - view.left, Math.round(y[i] * view.scale - half) - view.top);
        }
      }
      view.context.globalAlpha = 1;
      yield;
    }
  }

  *paintLines(view, number, drawn, patterned) {
    const context = view.context;
    const pattern = patterned && number >= 0 ? this.classes[number].pattern : "solid";
    const dash = this.dashes(view, pattern);
    const period = dash.reduce((sum, d) => sum + d, 0) * (1 + (dash.length % 2));
    const thin = this.width < THIN;
    context.lineJoin = thin ? "bevel" : "round";
    // short paths are stroked much faster than one long one
    const paths = [];
    for (const batch of this.batches(drawn)) {
      const path = new Path2D();
      for (const f of batch) this.features.trace(view, f, path, period);
      paths.push(path);
    }
    // the fill of a line is its edge; broad lines have a light one anyway
    if (this.fill || this.width >= 2) {
      context.lineCap = "round";
      context.strokeStyle = this.fill || casing(view);
      context.lineWidth = (this.width + 2) * view.ratio;
      for (const path of paths) yield context.stroke(path);
    }
    context.lineCap = thin || PATTERN_DASHES[pattern] ? "butt" : "round";
    context.strokeStyle = number < 0 ? this.stroke : this.classes[number].rgb;
    context.lineWidth = this.width * view.ratio * (pattern === "cross" ? 1.4 : 1);
    context.globalAlpha = this.opacity;
    context.setLineDash(dash);
    for (const path of paths) yield context.stroke(path);
    context.setLineDash([]);
    context.globalAlpha = 1;
  }

  paintPolygons(view, number, drawn, patterned) {
    const context = view.context;
    const path = new Path2D();
    for (const f of drawn) this.features.trace(view, f, path);
    const c = this.classes[number];
    if (c || this.fill) {
      context.globalAlpha = this.opacity;
      const tiled = c && (isOpen(c) || (patterned && c.pattern !== "solid"));
      context.fillStyle = tiled ? tiling(view, c) : this.colour(number);
      // not by even and odd: where two of a class overlap there would be none
      context.fill(path, "nonzero");
      context.globalAlpha = 1;
    }
    if (this.width > 0) {
      this.pen(view, this.stroke);
      context.lineJoin = "round";
      context.stroke(path);
      context.setLineDash([]);
    }
  }

  pen(view, colour) {
    view.context.setLineDash(this.dash.map((d) => d * view.ratio));
    view.context.strokeStyle = colour;
    view.context.lineWidth = this.width * view.ratio;
  }

  // Lines of a class told apart without colour have dashes of their pattern.
  dashes(view, pattern) {
    return (PATTERN_DASHES[pattern] || this.dash).map((d) => d * view.ratio);
  }

  // A point's picture, painted once and stamped for each point.
  sprite(number, ratio) {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = Math.ceil(2 * (this.radius + this.width + 2) * ratio);
    const context = canvas.getContext("2d");
    context.translate(canvas.width / 2, canvas.height / 2);
    context.scale(ratio, ratio);
    this.stamp(context, number);
    return canvas;
  }

  stamp(context, number) {
    const outline = pointShape(this.shape, this.radius);
    const bare = this.shape === "cross";
    context.lineJoin = "round";
    context.strokeStyle = "#fff";
    context.lineWidth = (bare ? 3 : this.width) + 3;
    context.stroke(outline);
    context.strokeStyle = bare ? this.colour(number) : this.stroke;
    context.lineWidth = bare ? 3 : this.width;
    context.fillStyle = this.colour(number);
    if (!bare) context.fill(outline);
    if (bare || this.width > 0) context.stroke(outline);
  }

  // The symbol of the legend, on a canvas of 36 x 20 pixels.
  sample(canvas, number, patterned) {
    const context = canvas.getContext("2d");
    const ratio = canvas.width / 36;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, 36, 20);
    const view = { context: context, ratio: 1 };
    if (this.geometry === "point") {
      const shrink = Math.min(1, 8 / this.radius);
      context.translate(18, 10);
      context.scale(shrink, shrink);
      this.stamp(context, number);
    } else if (this.geometry === "line") {
      const line = new Path2D("M3 10H33");
      if (this.fill) {
        context.strokeStyle = this.fill;
        context.lineWidth = this.width + 2;
        context.stroke(line);
      }
      this.pen(view, number < 0 ? this.stroke : this.classes[number].rgb);
      const pattern = patterned && number >= 0 ? this.classes[number].pattern : "solid";
      context.setLineDash(this.dashes(view, pattern));
      if (pattern === "cross") context.lineWidth *= 1.4;
      context.stroke(line);
    } else {
      const box = new Path2D("M4 3H32V17H4Z");
      context.globalAlpha = this.opacity;
      const c = this.classes[number];
      const tiled = c && (isOpen(c) || (patterned && c.pattern !== "solid"));
      context.fillStyle = tiled ? context.createPattern(patternCanvas(c, 8, patterned), "repeat") : this.colour(number);
      if (number >= 0 || this.fill) context.fill(box);
      context.globalAlpha = 1;
      this.pen(view, this.stroke);
      if (this.width > 0) context.stroke(box);
    }
  }

  // Features within a distance (world units) of a world point, nearest first.
  near(x, y, reach) {
    const found = [];
    for (let f = 0; f < this.features.count; f++) {
      if (!this.features.meets(f, x, y, x, y, reach)) continue;
      const distance = this.features.distance(f, x, y);
      if (distance <= reach) found.push({ overlay: this, feature: f, distance: distance });
    }
    return found;
  }
}

// The edge that sets a line off from what is under it.
function casing(view) {
  return view.night ? NIGHT_CASING : CASING;
}

// The pattern of a class for filling, its tiles laid from the corner of the world as those of the cells are.
function tiling(view, c) {
  const side = patternSide(view.ratio);
  const pattern = view.context.createPattern(patternCanvas(c, side, true), "repeat");
  pattern.setTransform(new DOMMatrix([1, 0, 0, 1, -(view.left & (side - 1)), -(view.top & (side - 1))]));
  return pattern;
}

function pointShape(shape, r) {
  const path = new Path2D();
  if (shape === "circle") path.arc(0, 0, r, 0, 2 * Math.PI);
  else if (shape === "square") path.rect(-0.88 * r, -0.88 * r, 1.76 * r, 1.76 * r);
  else {
    const corners = {
      triangle: [[0, -1.15], [1.05, 0.75], [-1.05, 0.75]],
      diamond: [[0, -1.2], [1.2, 0], [0, 1.2], [-1.2, 0]],
    }[shape];
    if (corners) {
      corners.forEach(([x, y], i) => (i ? path.lineTo(x * r, y * r) : path.moveTo(x * r, y * r)));
      path.closePath();
    } else {
      path.moveTo(-r, 0);
      path.lineTo(r, 0);
      path.moveTo(0, -r);
      path.lineTo(0, r);
    }
  }
  return path;
}
