// Tianditu's tiles under the map, for readers with a key of their own. The key is typed in and stays in this page's memory:
// it is written to no file and no store. Tianditu's web-Mercator tiles are in CGCS2000, like the data; no other service is offered.

const TIANDITU = "https://t{s}.tianditu.gov.cn/{lyr}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER={lyr}&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk={key}";

// Painted, and not set as images: a page that is saved while it shows them would hold their addresses, and so the key.
const Tiles = L.GridLayer.extend({
  createTile: function (coords, done) {
    const tile = element("canvas"), image = new Image(), size = this.getTileSize();
    tile.width = size.x;
    tile.height = size.y;
    image.onload = () => {
      tile.getContext("2d").drawImage(image, 0, 0, size.x, size.y);
      done(null, tile);
    };
    image.onerror = () => done(new Error("no tile"), tile);
    const place = { s: (coords.x + coords.y) % 8, lyr: this.options.lyr, x: coords.x, y: coords.y, z: coords.z, key: this.options.key };
    image.src = L.Util.template(TIANDITU, place);
    return tile;
  },
});

function wireBasemap(app) {
  const form = byId("basemap"), key = byId("basemap-key");
  let layers = [];
  const off = () => {
    for (const layer of layers) layer.remove();
    layers = [];
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const on = !layers.length && key.value.trim();
    off();
    if (on) {
      const options = { maxZoom: 19, maxNativeZoom: 18, key: encodeURIComponent(key.value.trim()) };
      layers = ["vec", "cva"].map((lyr) => new Tiles(Object.assign({ lyr: lyr }, options)).addTo(app.map));
    }
    app.online = layers.length > 0;
    byId("basemap-switch").setAttribute("aria-pressed", String(app.online));
    app.recolour();
  });
}
