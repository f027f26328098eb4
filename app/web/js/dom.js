// Elements and how figures are written.

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element: `h("p.soft", { title: "…" }, children)`. Attributes may be left out; `on…` are listeners, `style` is an
 * object, null and false leave one out. Text is never HTML.
 */
export const h = (tag, ...rest) => make((name) => document.createElement(name), tag, rest);

/** The same for SVG. */
export const s = (tag, ...rest) => make((name) => document.createElementNS(SVG, name), tag, rest);

/** A button that does not send a form. */
export const button = (text, onclick, attributes) => h("button", { type: "button", onclick, ...attributes }, text);

function make(create, tag, rest) {
	const [name, ...classes] = tag.split(".");
	const element = create(name);
	if (classes.length) element.setAttribute("class", classes.join(" "));
	const given = rest[0]?.constructor === Object;
	return fill(element, given ? rest[0] : {}, given ? rest.slice(1) : rest);
}

function fill(element, attributes, children) {
	for (const [name, value] of Object.entries(attributes)) {
		if (value === null || value === undefined || value === false) continue;
		if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
		else if (name === "style") for (const [key, one] of Object.entries(value)) element.style.setProperty(key, one);
		else if (name === "value") element.value = value;
		else if (name === "checked" || name === "disabled" || name === "selected") element[name] = value;
		else element.setAttribute(name, value === true ? "" : value);
	}
	element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
	return element;
}

let ids = 0;

/** An id that no other element has. */
export const freshId = (word) => `${word}-${++ids}`;

/** Says something to screen readers, politely. */
export function say(text) {
	document.getElementById("say").textContent = text;
}

/** A function that calls `action` once, `wait` ms after its last call. */
export function debounced(action, wait) {
	let timer = 0;
	return (...given) => {
		clearTimeout(timer);
		timer = setTimeout(() => action(...given), wait);
	};
}

export const percent = (share, digits = 1) => `${(100 * share).toFixed(digits)} %`;
export const count = (number) => number.toLocaleString("en");
export const signed = (value, digits = 3) => (value < 0 ? "−" : "+") + Math.abs(value).toFixed(digits);

/** A figure with four significant digits; shares of 1 as percent. */
export function figure(name, value) {
	if (value === undefined || value === null) return "–";
	if (/accuracy|f1/.test(name)) return percent(value, 2);
	return Math.abs(value) >= 1e4 ? count(Math.round(value)) : String(Number(value.toPrecision(4)));
}

/** Seconds as people say them. */
export function duration(seconds) {
	if (seconds === null || seconds === undefined) return "–";
	if (seconds < 10) return `${seconds.toFixed(1)} s`;
	if (seconds < 90) return `${Math.round(seconds)} s`;
	return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/** A time of day, or the date where it was not today. */
export function moment(iso) {
	const at = new Date(iso);
	const today = at.toDateString() === new Date().toDateString();
	const text = today ? at.toLocaleTimeString("en-GB") : at.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
	return h("time", { datetime: iso, title: iso }, text);
}

/** A coloured word for a status. */
export const badge = (word) => h("span", { class: `badge ${word}` }, word);

/** Bars of shares of 1, best first marked: rows of [label, share]. */
export function bars(rows, label) {
	const most = Math.max(...rows.map(([, share]) => share));
	return h("ul.bars.num", { "aria-label": label }, rows.map(([name, share]) =>
		h("li", { class: share === most ? "first" : null },
			h("span", String(name)),
			h("span.bar", { "aria-hidden": "true" }, h("i", { style: { "--share": share } })),
			h("span.right", percent(share)))));
}

/** A bar to the right or left of the middle; `share` from −1 to 1. Minus is hatched: it is not told by colour alone. */
export function twinBar(share) {
	const size = Math.min(1, Math.abs(share)) / 2;
	return h("span.bar.twin", { "aria-hidden": "true" },
		h("i", { class: share < 0 ? "minus" : null, style: { "--share": size, "--from": share < 0 ? 0.5 - size : 0.5 } }));
}

/** A table: heads are texts, or [text, class]; rows are lists of cells, the first of which names the row. */
export function table(caption, heads, rows, rightFrom = 99) {
	const right = (place) => (place >= rightFrom ? "right num" : null);
	return h("div.scroll", h("table", {},
		h("caption.hidden", caption),
		h("thead", h("tr", heads.map((head, place) => h("th", { scope: "col", class: right(place) }, head)))),
		h("tbody", rows.map((cells) => h("tr", cells.map((cell, place) =>
			place ? h("td", { class: right(place) }, cell) : h("th", { scope: "row" }, cell)))))));
}

/** A list of names and values. */
export const facts = (pairs) =>
	h("dl.facts", pairs.filter(Boolean).map(([name, value]) => [h("dt", name), h("dd", value)]));

/** Asks in a dialog; resolves to true if the first button was pressed. */
export function confirmed(title, text, action) {
	return new Promise((resolve) => {
		const id = freshId("dialog");
		const dialog = h("dialog", { "aria-labelledby": id, onclose: () => { dialog.remove(); resolve(dialog.returnValue === "yes"); } },
			h("form", { method: "dialog" }, h("h2", { id }, title), h("p", text),
				h("div.row",
					h("button.main", { value: "yes" }, action),
					h("button", { value: "no", autofocus: true }, "Leave it"))));
		document.body.append(dialog);
		dialog.showModal();
	});
}
