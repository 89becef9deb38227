// A canvas that covers the map view and a margin, and is painted anew after each move.
// Unlike tiles it has no seams, also at the fractional zooms that let an area fill the screen. There is one for all
// layers: Chromium prints a canvas as drawing, and each one blots out those below it.
// "World" coordinates are web Mercator scaled to 0..1, x east and y south.

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

const CanvasLayer = L.Renderer.extend({
  options: { padding: 0.2 },

  initialize: function (paint, options) {
    L.Renderer.prototype.initialize.call(this, options);
    this._paint = paint;
  },

  getEvents: function () {
    return Object.assign(L.Renderer.prototype.getEvents.call(this), { move: this._follow });
  },

  _initContainer: function () {
    this._container = document.createElement("canvas");
    this._container.setAttribute("aria-hidden", "true");
  },

  _destroyContainer: function () {
    L.DomUtil.remove(this._container);
    delete this._container;
  },

  _updatePaths: function () {},

  _onZoomEnd: function () {},

  // While the map is dragged: paint as soon as the view leaves what is painted.
  _follow: function () {
    if (this._map._animatingZoom || this._map.getZoom() !== this._zoom) return;
    const corner = this._map.containerPointToLayerPoint([0, 0]);
    if (!this._bounds.contains(L.bounds(corner, corner.add(this._map.getSize())))) this._update();
  },

  _update: function () {
    if (this._map._animatingZoom && this._bounds) return;
    L.Renderer.prototype._update.call(this);
    L.DomUtil.setTransform(this._container, this._bounds.min, 1);
    this.repaint();
  },

  repaint: function () {
    if (!this._map || !this._container) return;
    const ratio = dotsPerPixel();
    const size = this._bounds.getSize();
    const corner = this._map.getPixelOrigin().add(this._bounds.min);
    const canvas = this._container;
    canvas.width = Math.round(size.x * ratio);
    canvas.height = Math.round(size.y * ratio);
    canvas.style.width = size.x + "px";
    canvas.style.height = size.y + "px";
    const scale = this._map.options.crs.scale(this._zoom) * ratio;
    const view = {
      context: canvas.getContext("2d"),
      ratio: ratio,
      width: canvas.width,
      height: canvas.height,
      scale: scale,
      left: Math.round(corner.x * ratio),
      top: Math.round(corner.y * ratio),
    };
    // the part of the world that the canvas shows
    view.west = view.left / scale;
    view.east = (view.left + view.width) / scale;
    view.north = view.top / scale;
    view.south = (view.top + view.height) / scale;
    this._paint(view);
  },
});
