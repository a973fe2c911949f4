// Tables that sort and filter. Every table works without this.
"use strict";
for (const table of document.querySelectorAll("table")) {
	const body = table.tBodies[0];
	const heads = [...table.tHead.rows[0].cells];
	const rows = [...body.rows];
	const text = rows.map(r => [...r.cells].map(c => c.textContent));
	const order = rows.map((_, i) => i);

	function sort(column, sign) {
		const keys = text.map(t => {
			const n = parseFloat(t[column]);
			return Number.isNaN(n) ? t[column] : n;
		});
		order.sort((a, b) => {
			const x = keys[a], y = keys[b];
			if (typeof x !== typeof y)
				return typeof x === "number" ? -1 : 1;
			return sign * (x < y ? -1 : x > y ? 1 : 0) || a - b;
		});
		const all = document.createDocumentFragment();
		for (const i of order)
			all.append(rows[i]);
		body.append(all);
		for (const h of heads)
			h.removeAttribute("aria-sort");
		heads[column].setAttribute("aria-sort",
		    sign > 0 ? "ascending" : "descending");
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
	const filter = document.createElement("p");
	const input = document.createElement("input");
	const count = document.createElement("span");
	const low = text.map(t => t.join("\t").toLowerCase());
	filter.className = "filter";
	input.type = "search";
	input.placeholder = "filter: words that a row holds";
	input.setAttribute("aria-label", "filter the rows");
	count.className = "soft";
	count.setAttribute("role", "status");
	filter.append(input, " ", count);
	table.parentNode.before(filter);
	input.addEventListener("input", () => {
		const words = input.value.toLowerCase().split(/\s+/);
		let shown = 0;
		rows.forEach((row, i) => {
			const on = words.every(w => low[i].includes(w));
			row.hidden = !on;
			shown += on;
		});
		count.textContent = shown + " of " + rows.length + " rows";
	});
}
