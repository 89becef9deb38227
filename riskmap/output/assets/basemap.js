// Tianditu's tiles under the map, for readers with a key of their own. The key is typed in and stays in this page's memory:
// it is written to no file and no store. Tianditu's web-Mercator tiles are in CGCS2000, like the data; no other service is offered.

const TIANDITU = "https://t{s}.tianditu.gov.cn/{lyr}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER={lyr}&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk={key}";

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
      const options = { subdomains: "01234567", maxZoom: 19, maxNativeZoom: 18, key: encodeURIComponent(key.value.trim()) };
      layers = ["vec", "cva"].map((lyr) => L.tileLayer(TIANDITU, Object.assign({ lyr: lyr }, options)).addTo(app.map));
    }
    app.online = layers.length > 0;
    byId("basemap-switch").setAttribute("aria-pressed", String(app.online));
    app.recolour();
  });
}
