// What the page does where scripts run; it is readable without them.

// Most browsers open the element that a link leads to by themselves.
const open = () => {
  const target = document.getElementById(location.hash.slice(1));
  for (let e = target; e; e = e.parentElement) if (e.tagName === "DETAILS") e.open = true;
  target?.scrollIntoView();
};
addEventListener("hashchange", open);
open();

// A point of a plot says its row and interval under the pointer, or when it is tapped.
const note = document.createElement("div");
note.className = "note";
note.setAttribute("role", "status");
note.hidden = true;
document.body.append(note);
const titleOf = (element) =>
  element.ownerSVGElement && [...element.children].find((child) => child.tagName === "title");
const show = ({ target }) => {
  const title = titleOf(target);
  if (title) {
    target.dataset.note = title.textContent;
    title.remove(); // the browser would show it as well, later
  }
  const text = target.dataset?.note;
  note.hidden = text === undefined;
  if (text === undefined) return;
  note.textContent = text;
  const { left, top } = target.getBoundingClientRect();
  note.style.left = `${Math.max(8, Math.min(left, innerWidth - note.offsetWidth - 8))}px`;
  note.style.top = `${Math.max(8, top - note.offsetHeight - 8)}px`;
};
document.addEventListener("pointerover", show);
document.addEventListener("click", show);
addEventListener("scroll", () => note.hidden = true, { passive: true });

// A click on a heading sorts a table of results: upwards, downwards, and as it was.
const valueOf = (cell) => {
  const number = /^[^\d]{0,3}?(-?\d+(?:\.\d+)?)/.exec(cell?.textContent ?? "");
  return number ? Number(number[1]) : Infinity;
};
const cellAt = (row, column) => {
  let next = 0;
  return [...row.cells].find((cell) => (next += cell.colSpan) > column);
};
// each row with a heading of its own: sorted rows leave their groups
const separated = (bodies) =>
  bodies.flatMap((body) => {
    const first = body.rows[0].cells[0];
    const columns = [...body.rows[0].cells].reduce((sum, cell) => sum + cell.colSpan, 0);
    return [...body.rows].map((row) => {
      const own = row.cloneNode(true);
      const width = [...own.cells].reduce((sum, cell) => sum + cell.colSpan, 0);
      if (width < columns) own.prepend(first.cloneNode(true));
      own.cells[0].removeAttribute("rowspan");
      return own;
    });
  });
for (const table of document.querySelectorAll("table.sortable")) {
  const groups = [...table.tBodies];
  const headings = [...table.tHead.rows].at(-1).cells;
  [...headings].forEach((heading, column) => {
    const button = document.createElement("button");
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const next = { none: "ascending", ascending: "descending", descending: "none" };
      const order = next[heading.ariaSort ?? "none"];
      for (const other of headings) other.removeAttribute("aria-sort");
      for (const body of [...table.tBodies]) body.remove();
      if (order === "none") return table.append(...groups);
      heading.ariaSort = order;
      const sign = order === "ascending" ? 1 : -1;
      const compare = (a, b) => {
        const [x, y] = [valueOf(cellAt(a, column)), valueOf(cellAt(b, column))];
        const texts = [a, b].map((row) => cellAt(row, column)?.textContent ?? "");
        if (x === y) return sign * texts[0].localeCompare(texts[1]);
        return x === Infinity || y === Infinity ? x - y : sign * (x - y); // no number: last
      };
      const body = document.createElement("tbody");
      body.append(...separated(groups).sort(compare));
      table.append(body);
    });
  });
}
