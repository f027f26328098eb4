// Elements and how figures are written.

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element: `h("p.soft", { title: "…" }, children)`. Attributes may be left out; `on…` are listeners, `style` is an
 * object, `label` is what a screen reader says, null and false leave one out. Text is never HTML.
 */
export const h = (tag, ...rest) => make((name) => document.createElement(name), tag, rest);

export const s = (tag, ...rest) => make((name) => document.createElementNS(SVG, name), tag, rest);

/** A button that does not send a form. */
export const button = (text, onclick, attributes) => h("button", { type: "button", onclick, ...attributes }, text);

function make(create, tag, rest) {
	const [kind, ...classes] = tag.split(".");
	const element = create(kind);
	if (classes.length) element.setAttribute("class", classes.join(" "));
	const attributes = rest[0]?.constructor === Object ? rest.shift() : {};
	for (const [name, value] of Object.entries(attributes)) {
		if (value === null || value === undefined || value === false) continue;
		if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
		else if (name === "style") for (const [key, one] of Object.entries(value)) element.style.setProperty(key, one);
		else if (name === "value") element.value = value;
		else if (name === "checked" || name === "disabled") element[name] = value;
		else element.setAttribute(name === "label" ? "aria-label" : name, value === true ? "" : value);
	}
	return put(element, ...rest);
}

/** Fills an element with children, in place of those it has; null, undefined and false are none. */
export function put(element, ...children) {
	element.replaceChildren(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
	return element;
}

let ids = 0;

export const freshId = (word) => `${word}-${++ids}`;

export function say(text) {
	document.getElementById("say").textContent = text;
}

/** The heading of a view, which gets the focus when the view is entered. */
export const title = (text) => h("h1", { tabindex: -1 }, text);

export const alertLine = (text) => h("p.error", { role: "alert" }, text);

/** Calls `action` on these events, separated by spaces. */
export const on = (target, events, action) => events.split(" ").forEach((event) => target.addEventListener(event, action));

/** A function that calls `action` `wait` ms later: once for all calls until then, however many follow. */
export function throttled(action, wait) {
	let timer = 0;
	return () => { timer ||= setTimeout(() => { timer = 0; action(); }, wait); };
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

export function duration(seconds) {
	if (seconds === null || seconds === undefined) return "–";
	if (seconds < 10) return `${seconds.toFixed(1)} s`;
	if (seconds < 90) return `${Math.round(seconds)} s`;
	return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

export function moment(iso) {
	const at = new Date(iso);
	const today = at.toDateString() === new Date().toDateString();
	const text = today ? at.toLocaleTimeString("en-GB") : at.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
	return h("time", { datetime: iso, title: iso }, text);
}

export const badge = (word) => h("span", { class: `badge ${word}` }, word);

/** Bars of shares of 1, best first marked: rows of [label, share]. */
export function bars(rows, label) {
	const most = Math.max(...rows.map(([, share]) => share));
	return h("ul.bars.num", { label }, rows.map(([name, share]) =>
		h("li", { class: share === most ? "first" : null },
			h("span", String(name)),
			h("span.bar", { "aria-hidden": "true" }, h("i", { style: { "--share": share } })),
			h("span.right", percent(share)))));
}

/** A bar to the right or left of the middle, `share` −1 to 1; minus is hatched, not told by colour alone. */
export function twinBar(share) {
	const size = Math.min(1, Math.abs(share)) / 2;
	return h("span.bar.twin", { "aria-hidden": "true" },
		h("i", { class: share < 0 ? "minus" : null, style: { "--share": size, "--from": share < 0 ? 0.5 - size : 0.5 } }));
}

/** A table; a row’s first cell names it, and from column `rightFrom` on they hold numbers. */
export function table(caption, heads, rows, rightFrom = 99) {
	const right = (place) => (place >= rightFrom ? "right num" : null);
	return h("div.scroll", h("table", {},
		h("caption.hidden", caption),
		h("thead", h("tr", heads.map((head, place) => h("th", { scope: "col", class: right(place) }, head)))),
		h("tbody", rows.map((cells) => h("tr", cells.map((cell, place) =>
			place ? h("td", { class: right(place) }, cell) : h("th", { scope: "row" }, cell)))))));
}

/** Two cells: the test figure of a run or model, and what guessing scores. */
export function scores({ test, baseline }) {
	const name = ["accuracy", "f1", "mae"].find((one) => one in test);
	return [h("td.num", { "data-head": "Test" }, name && `${name} ${figure(name, test[name])}`),
		h("td.num.soft", { "data-head": "Guessing" }, name && figure(name, baseline[name]))];
}

export const facts = (pairs) =>
	h("dl.facts", pairs.filter(Boolean).map(([name, value]) => [h("dt", name), h("dd", value)]));

/** Asks in a dialog; resolves to true if its first button was pressed. */
export function confirmed(title, content, action, other = "Leave it") {
	return new Promise((resolve) => {
		const id = freshId("dialog");
		const dialog = h("dialog", { "aria-labelledby": id, onclose: () => { dialog.remove(); resolve(dialog.returnValue === "yes"); } },
			h("form", { method: "dialog" }, h("h2", { id }, title), content, h("div.row", h("button.main", { value: "yes" }, action), h("button", { value: "no" }, other))));
		document.body.append(dialog);
		dialog.showModal();
	});
}
