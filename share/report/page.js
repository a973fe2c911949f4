// Tables that sort and filter. Every table is whole without this; with it, a
// long one shows its first rows until more are asked for, since a browser
// takes a second to lay out ten thousand.
"use strict";
const FIRST = 500;
for (const table of document.querySelectorAll("table")) {
	const body = table.tBodies[0];
	const heads = [...table.tHead.rows[0].cells];
	const rows = [...body.rows];
	const text = rows.map(r => [...r.cells].map(c => c.textContent));
	let order = rows.map((_, i) => i);
	let shown = order;
	let limit = FIRST;

	const bar = document.createElement("p");
	const input = document.createElement("input");
	const count = document.createElement("span");
	const more = document.createElement("button");

	function render() {
		const part = shown.slice(0, limit);
		body.replaceChildren(...part.map(i => rows[i]));
		more.hidden = part.length === shown.length;
		count.textContent = shown.length === rows.length && more.hidden
		    ? "" : part.length + " of " + shown.length + " rows" +
		    (shown.length < rows.length ? " that match" : "");
	}

	function sort(column, sign) {
		const keys = text.map(t => {
			const n = parseFloat(t[column]);
			return Number.isNaN(n) ? t[column] : n;
		});
		const by = (a, b) => {
			const x = keys[a], y = keys[b];
			if (typeof x !== typeof y)
				return typeof x === "number" ? -1 : 1;
			return sign * (x < y ? -1 : x > y ? 1 : 0) || a - b;
		};
		order = order.sort(by);
		shown = shown === order ? order : shown.sort(by);
		for (const h of heads)
			h.removeAttribute("aria-sort");
		heads[column].setAttribute("aria-sort",
		    sign > 0 ? "ascending" : "descending");
		render();
	}

	heads.forEach((head, column) => {
		const button = document.createElement("button");
		button.type = "button";
		button.append(...head.childNodes);
		head.append(button);
		button.addEventListener("click", () => sort(column,
		    head.getAttribute("aria-sort") === "ascending" ? -1 : 1));
	});

	if (rows.length < 10)
		continue;
	const low = text.map(t => t.join("\t").toLowerCase());
	bar.className = "filter";
	input.type = "search";
	input.placeholder = "filter: words that a row holds";
	input.setAttribute("aria-label", "filter the rows");
	count.className = "soft";
	count.setAttribute("role", "status");
	more.type = "button";
	more.textContent = "show all";
	bar.append(input, " ", count, " ", more);
	table.parentNode.before(bar);
	input.addEventListener("input", () => {
		const words = input.value.toLowerCase().split(/\s+/);
		shown = order.filter(i => words.every(w => low[i].includes(w)));
		if (shown.length === rows.length)
			shown = order;
		render();
	});
	more.addEventListener("click", () => {
		limit = Infinity;
		render();
	});
	addEventListener("beforeprint", () => {
		limit = Infinity;
		render();
	});
	render();
}
