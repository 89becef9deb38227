// A canvas that covers the map view and a margin.
// Unlike tiles it has no seams, also at the fractional zooms that let an area fill the screen. There is one for all
// layers: Chromium prints a canvas as drawing, and each one blots out those below it.
// What is painted is kept: after a move only what came into view is painted, in short slices, so that a crowded map never
// holds up the reader. Until a painting is finished the last one is shown, stretched to the zoom.
// "World" coordinates are web Mercator scaled to 0..1, x east and y south.

const READ = { willReadFrequently: true };
const SLICE = 12; // milliseconds of painting before the browser gets its turn

function worldX(lon) {
  return lon / 360 + 0.5;
}

function worldY(lat) {
  const sine = Math.sin((lat * Math.PI) / 180);
  return 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
}

function latitude(y) {
  return (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI;
}

// Paper takes more dots than a screen; see sheet.js.
let paperRatio = 0;

function dotsPerPixel() {
  return paperRatio || Math.min(2, window.devicePixelRatio || 1);
}

// What a canvas shows: the world at a scale, from a corner, in dots.
function viewOf(frame, canvas, [x, y, width, height], options) {
  const { ratio, scale } = frame;
  const view = { ratio: ratio, scale: scale, left: frame.left + x, top: frame.top + y, width: width, height: height, small: frame.small };
  view.margin = frame.margin.x * ratio;
  view.west = view.left / scale;
  view.east = (view.left + width) / scale;
  view.north = view.top / scale;
  view.south = (view.top + height) / scale;
  canvas.width = width;
  canvas.height = height;
  view.context = canvas.getContext("2d", options);
  return view;
}

// The parts of a frame, in dots, that another one of the same size and zoom does not cover.
function uncovered(frame, other) {
  const { width, height } = frame;
  const across = other.left - frame.left, down = other.top - frame.top;
  const x = Math.max(0, across), right = Math.min(width, width + across);
  const y = Math.max(0, down), bottom = Math.min(height, height + down);
  if (right <= x || bottom <= y) return [[0, 0, width, height]];
  const around = [[0, 0, width, y], [0, bottom, width, height - bottom], [0, y, x, bottom - y], [right, y, width - right, bottom - y]];
  return around.filter((part) => part[2] > 0 && part[3] > 0);
}

const CanvasLayer = L.Layer.extend({
  options: { pane: "overlayPane", padding: 0.2 },

  // A painter has steps(view), which paints piece by piece, and names(view), which writes what depends on the whole view.
  initialize: function (painter, options) {
    L.setOptions(this, options);
    this._painter = painter;
    this._scene = document.createElement("canvas");
  },

  onAdd: function () {
    this._container = document.createElement("canvas");
    this._container.className = "leaflet-zoom-animated";
    this._container.setAttribute("aria-hidden", "true");
    this.getPane().append(this._container);
    this.repaint(true);
  },

  onRemove: function () {
    this._stop();
    this._container.remove();
    this._shown = this._kept = null;
  },

  getEvents: function () {
    return { zoomanim: this._stretch, zoom: this._zoomed, viewreset: this._zoomed, move: this._follow, moveend: this._update };
  },

  isPainted: function () {
    return !this._work;
  },

  // Paint everything anew, at once or in slices.
  repaint: function (atOnce) {
    if (!this._map) return;
    this._stop();
    this._kept = null;
    if (paperRatio) this._drawPaper(this._frame());
    else this._begin(this._frame(), atOnce);
  },

  // Straight onto the canvas, so that lines and names are printed as such.
  _drawPaper: function (frame) {
    const view = this._open(frame);
    for (const step of this._painter.steps(view));
    this._painter.names(view);
    this._put();
  },

  // The view and its margin.
  _frame: function () {
    const map = this._map, zoom = map.getZoom(), ratio = dotsPerPixel();
    const size = map.getSize();
    const margin = size.multiplyBy(this.options.padding).round();
    const corner = map.getPixelOrigin().add(map.containerPointToLayerPoint([0, 0]).round()).subtract(margin);
    const whole = size.add(margin.multiplyBy(2));
    return {
      zoom: zoom,
      ratio: ratio,
      corner: corner,
      size: whole,
      margin: margin,
      left: Math.round(corner.x * ratio),
      top: Math.round(corner.y * ratio),
      width: Math.round(whole.x * ratio),
      height: Math.round(whole.y * ratio),
      scale: map.options.crs.scale(zoom) * ratio,
      // symbols shrink with a small map
      small: Math.max(0.65, Math.min(1, whole.x / 1000)),
    };
  },

  _alike: function (frame, other) {
    return other && ["zoom", "ratio", "width", "height"].every((key) => frame[key] === other[key]);
  },

  // Paint what came into view. A painting of this zoom that is on its way is finished first.
  _update: function () {
    if (!this._map || this._map._animatingZoom || paperRatio) return;
    const frame = this._frame();
    if (this._work && this._alike(frame, this._work.frame)) return;
    this._stop();
    if (this._alike(frame, this._kept) && !uncovered(frame, this._kept).length) this._put();
    else this._begin(frame, false);
  },

  // While the map is dragged: paint ahead before the view leaves what is painted.
  _follow: function () {
    if (this._work || this._map._animatingZoom || !this._alike(this._frame(), this._kept)) return;
    const { corner, margin } = this._frame();
    const moved = corner.subtract(this._kept.corner);
    if (Math.abs(moved.x) > margin.x / 3 || Math.abs(moved.y) > margin.y / 3) this._update();
  },

  _begin: function (frame, atOnce) {
    const whole = [0, 0, frame.width, frame.height];
    const parts = this._alike(frame, this._kept) ? uncovered(frame, this._kept) : [whole];
    // a painting of the whole replaces the scene; others are set into it when they are finished
    const kept = parts[0][2] < frame.width || parts[0][3] < frame.height;
    if (!kept) this._kept = null;
    const views = parts.map((part) => viewOf(frame, kept ? document.createElement("canvas") : this._scene, part, READ));
    this._work = { frame: frame, parts: parts, views: views, kept: kept, steps: this._steps(views) };
    this._slice(atOnce ? Infinity : SLICE);
  },

  _steps: function* (views) {
    for (const view of views) {
      for (const step of this._painter.steps(view)) {
        // reading a dot has what was asked for done now, not all of it at the end
        view.context.getImageData(0, 0, 1, 1);
        yield step;
      }
    }
  },

  _slice: function (milliseconds) {
    const end = performance.now() + milliseconds;
    const { steps } = this._work;
    while (!steps.next().done) {
      if (performance.now() < end) continue;
      this._timer = setTimeout(() => this._slice(SLICE), 0);
      return;
    }
    this._finish();
  },

  _stop: function () {
    clearTimeout(this._timer);
    this._work = null;
  },

  _finish: function () {
    const { frame, parts, views, kept } = this._work;
    this._work = null;
    if (kept) {
      const context = this._scene.getContext("2d", READ);
      context.globalCompositeOperation = "copy";
      context.drawImage(this._scene, this._kept.left - frame.left, this._kept.top - frame.top);
      context.globalCompositeOperation = "source-over";
      parts.forEach(([x, y], i) => context.drawImage(views[i].context.canvas, x, y));
    }
    this._kept = frame;
    const view = this._open(frame);
    view.context.drawImage(this._scene, 0, 0);
    this._painter.names(view);
    this._put();
    this._update();
  },

  // The canvas of the page, emptied for a frame.
  _open: function (frame) {
    const canvas = this._container;
    canvas.style.width = frame.size.x + "px";
    canvas.style.height = frame.size.y + "px";
    this._shown = frame;
    return viewOf(frame, canvas, [0, 0, frame.width, frame.height]);
  },

  // Lay what is shown where it belongs in the view.
  _put: function () {
    this._lay(this._map.getPixelOrigin(), this._map.getZoom());
  },

  _lay: function (origin, zoom) {
    const stretch = this._map.getZoomScale(zoom, this._shown.zoom);
    L.DomUtil.setTransform(this._container, this._shown.corner.multiplyBy(stretch).subtract(origin), stretch);
  },

  _stretch: function (event) {
    this._stop();
    this._lay(this._map._getNewPixelOrigin(event.center, event.zoom), event.zoom);
  },

  _zoomed: function () {
    if (this._work && this._work.frame.zoom !== this._map.getZoom()) this._stop();
    this._put();
  },
});
