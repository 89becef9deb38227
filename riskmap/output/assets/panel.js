// Legend switches, layer switches and the township table.

function wireLegend(app) {
  for (const box of all(".legend input")) {
    box.addEventListener("change", () => {
      const hidden = app.grids[Number(box.dataset.grid)].hidden;
      if (box.checked) hidden.delete(Number(box.dataset.value));
      else hidden.add(Number(box.dataset.value));
      box.closest("tr").classList.toggle("off", !box.checked);
      app.repaint();
    });
  }
}

function wireLayers(app) {
  for (const choice of all("input[name=grid]")) {
    choice.addEventListener("change", () => app.showGrid(Number(choice.value)));
  }
  for (const box of all("input[data-vector]")) {
    box.addEventListener("change", () => app.showOverlay(Number(box.dataset.vector), box.checked));
  }
  const boundaries = byId("boundaries");
  if (boundaries) boundaries.addEventListener("change", (event) => {
    app.look.boundaries = event.target.checked;
    event.target.closest("li").classList.toggle("off", !event.target.checked);
    app.repaint();
  });
}

function sampleBoundary(canvas, units, night) {
  const view = { context: canvas.getContext("2d"), ratio: 2, night: night };
  view.context.clearRect(0, 0, canvas.width, canvas.height);
  cased(view, new Path2D("M6 14H66"), units.outer);
  cased(view, new Path2D("M6 28H66"), units.inner);
}

function wireTable(app) {
  const table = byId("units");
  if (!table) return;
  const body = table.tBodies[0];
  const tighten = () => {
    const section = table.parentElement;
    section.classList.remove("tight");
    section.classList.toggle("tight", table.offsetWidth > section.clientWidth);
  };
  tighten();
  window.addEventListener("resize", tighten);
  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    app.pickUnit(app.look.unit === Number(row.dataset.unit) ? -1 : Number(row.dataset.unit));
  });
  table.tHead.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) sortRows(table, button.closest("th"), Number(button.dataset.column));
  });
}

// Highest first at the first click, lowest first at the second; unknown always last.
function sortRows(table, heading, column) {
  const falling = heading.getAttribute("aria-sort") !== "descending" && !(column < 0 && !heading.hasAttribute("aria-sort"));
  for (const th of table.tHead.querySelectorAll("th")) th.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", falling ? "descending" : "ascending");
  const key = (row) => (column < 0 ? row.cells[1].textContent.trim() : row.cells[column + 2].dataset.sort);
  const rows = Array.from(table.tBodies[0].rows).map((row) => ({ row: row, key: key(row) }));
  const numeric = rows.every(({ key: k }) => k === "" || !Number.isNaN(Number(k)));
  const compare = (a, b) => (numeric ? Number(a) - Number(b) : a.localeCompare(b, document.documentElement.lang));
  rows.sort((a, b) => {
    if (a.key === "" || b.key === "") return (a.key === "") - (b.key === "");
    return falling ? compare(b.key, a.key) : compare(a.key, b.key);
  });
  rows.forEach(({ row }, i) => {
    row.cells[0].textContent = i + 1;
    table.tBodies[0].append(row);
  });
}

function markRow(unit) {
  for (const row of all("#units tbody tr")) {
    const picked = Number(row.dataset.unit) === unit;
    row.classList.toggle("picked", picked);
    row.querySelector("button").setAttribute("aria-pressed", String(picked));
  }
}
