// Elements and how figures are written.

import { ageOf, exactly, tick } from "./ages.js";

const SVG = "http://www.w3.org/2000/svg";

/** @typedef {any} Child an element, a text, a list of these, or nothing: null, undefined and false */

/**
 * An element: `h("p.soft", { title: "…" }, children)`. Attributes may be left out; `on…` are listeners, `style` is an
 * object, `label` is what a screen reader says, null and false leave one out. Text is never HTML.
 *
 * @param {string} tag
 * @param {...Child} rest
 * @returns {any} whose type follows from the tag
 */
export const h = (tag, ...rest) => make((name) => document.createElement(name), tag, rest);

/** The same of SVG. @param {string} tag @param {...Child} rest @returns {any} */
export const s = (tag, ...rest) => make((name) => document.createElementNS(SVG, name), tag, rest);

/**
 * A button that does not send a form.
 *
 * @param {string} text
 * @param {(event: any) => void} onclick
 * @param {Record<string, unknown>} [attributes]
 */
export const button = (text, onclick, attributes) => h("button", { type: "button", onclick, ...attributes }, text);

/** @param {(name: string) => any} create @param {string} tag @param {Child[]} rest */
function make(create, tag, rest) {
	const [kind, ...classes] = tag.split(".");
	const element = create(kind);
	if (classes.length) element.setAttribute("class", classes.join(" "));
	const attributes = rest[0]?.constructor === Object ? rest.shift() : {};
	for (const [name, value] of Object.entries(attributes)) {
		if (value !== null && value !== undefined && value !== false) give(element, name, value);
	}
	return put(element, ...rest);
}

/** Gives an element an attribute. @param {any} element @param {string} name @param {any} value */
function give(element, name, value) {
	if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
	else if (name === "style") for (const [key, one] of Object.entries(value)) element.style.setProperty(key, one);
	else if (["value", "checked", "disabled"].includes(name)) element[name] = value;
	else element.setAttribute(name === "label" ? "aria-label" : name, value === true ? "" : value);
}

/**
 * Fills an element with children, in place of those it has.
 *
 * @template {Element} T
 * @param {T} element
 * @param {...Child} children
 */
export function put(element, ...children) {
	element.replaceChildren(
		...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false),
	);
	return element;
}

let ids = 0;

/** @param {string} word */
export const freshId = (word) => `${word}-${++ids}`;

/** An element that the page's HTML has. @param {string} id */
export const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** Says something to a screen reader. @param {string} text */
export function say(text) {
	byId("say").textContent = text;
}

/** The heading of a view, which gets the focus when the view is entered. @param {string} text */
export const title = (text) => h("h1", { tabindex: -1 }, text);

/** @param {string} [text] */
export const alertLine = (text) => h("p.error", { role: "alert" }, text);

/**
 * Calls `action` on these events, separated by spaces.
 *
 * @param {EventTarget} target
 * @param {string} events
 * @param {(event: any) => void} action
 */
export const on = (target, events, action) =>
	events.split(" ").forEach((event) => target.addEventListener(event, action));

/**
 * A function that calls `action` `wait` ms later: once for all calls until then, however many follow.
 *
 * @param {() => void} action
 * @param {number} wait
 */
export function throttled(action, wait) {
	let timer = 0;
	return () => {
		timer ||= setTimeout(() => {
			timer = 0;
			action();
		}, wait);
	};
}

/** @param {number} share @param {number} [places] */
export const percent = (share, places = 1) => `${(100 * share).toFixed(places)} %`;

/** @param {number} number */
export const count = (number) => number.toLocaleString("en");

/** `1 row`, `2,000 rows`. @param {number} number @param {string} one */
export const counted = (number, one) => `${count(number)} ${one}${number === 1 ? "" : "s"}`;

/** `1.2 MB`. @param {number} size */
export function bytes(size) {
	const units = ["B", "kB", "MB", "GB", "TB"];
	const place = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, size)) / 3));
	return `${Number((size / 1000 ** place).toPrecision(3))} ${units[place]}`;
}

/** A day as ISO 8601 has it. @param {number} days since 1970 */
export function day(days) {
	const at = new Date(days * 864e5);
	return Number.isNaN(at.getTime()) ? `day ${days}` : at.toISOString().slice(0, 10);
}

/** @param {number} value @param {number} [places] */
export const signed = (value, places = 3) => (value < 0 ? "−" : "+") + Math.abs(value).toFixed(places);

/** A figure with four significant places; shares of 1 as percent. @param {string} name @param {number | null} [value] */
export function figure(name, value) {
	if (value === undefined || value === null) return "–";
	if (/accuracy|f1/.test(name)) return percent(value, 2);
	return Math.abs(value) >= 1e4 ? count(Math.round(value)) : String(Number(value.toPrecision(4)));
}

/** @param {number | null} [seconds] */
export function duration(seconds) {
	if (seconds === null || seconds === undefined) return "–";
	if (seconds < 10) return `${seconds.toFixed(1)} s`;
	if (seconds < 90) return `${Math.round(seconds)} s`;
	return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/** How long ago, or in how long; when exactly on hover. @param {string} iso */
export function moment(iso) {
	const at = new Date(iso);
	tick();
	return h("time", { datetime: iso, title: exactly(at), "data-age": true }, ageOf(at));
}

/** A time of day; when exactly on hover. @param {string} iso */
export function clock(iso) {
	const at = new Date(iso);
	return h("time", { datetime: iso, title: exactly(at) }, at.toLocaleTimeString("en-GB"));
}

/** JSON with lists of plain values on one line. @param {unknown} value */
export const jsonOf = (value) =>
	JSON.stringify(value, null, 2).replace(/\[\s+([^[\]{}]*?)\s+\]/g, (_, inner) => `[${inner.replace(/\s+/g, " ")}]`);

/** @param {string} word */
export const badge = (word) => h("span", { class: `badge ${word}` }, word);

/** Bars of shares of 1, the largest marked. @param {[label: string | number, share: number][]} rows @param {string} label */
export function bars(rows, label) {
	const most = Math.max(...rows.map(([, share]) => share));
	return h(
		"ul.bars.num",
		{ label },
		rows.map(([name, share]) =>
			h(
				"li",
				{ class: share === most ? "first" : null },
				h("span", String(name)),
				h("span.bar", { "aria-hidden": "true" }, h("i", { style: { "--share": share } })),
				h("span.right", percent(share)),
			),
		),
	);
}

/** A bar to the right or left of the middle; minus is hatched, not told by colour alone. @param {number} share −1 to 1 */
export function twinBar(share) {
	const size = Math.min(1, Math.abs(share)) / 2;
	return h(
		"span.bar.twin",
		{ "aria-hidden": "true" },
		h("i", {
			class: share < 0 ? "minus" : null,
			style: { "--share": size, "--from": share < 0 ? 0.5 - size : 0.5 },
		}),
	);
}

/**
 * A table; a row’s first cell names it, and from column `rightFrom` on they hold numbers.
 *
 * @param {string} caption
 * @param {Child[]} heads
 * @param {Child[][]} rows
 */
export function table(caption, heads, rows, rightFrom = 99) {
	const right = (/** @type {number} */ place) => (place >= rightFrom ? "right num" : null);
	return h(
		"div.scroll",
		h(
			"table",
			{},
			h("caption.hidden", caption),
			h(
				"thead",
				h(
					"tr",
					heads.map((head, place) => h("th", { scope: "col", class: right(place) }, head)),
				),
			),
			h(
				"tbody",
				rows.map((cells) =>
					h(
						"tr",
						cells.map((cell, place) =>
							place ? h("td", { class: right(place) }, cell) : h("th", { scope: "row" }, cell),
						),
					),
				),
			),
		),
	);
}

/** Two cells: the test figure of a run or model, and what guessing scores. @param {import("../../client/densely.js").Metrics} metrics */
export function scores({ test, baseline }) {
	const name = ["accuracy", "f1", "mae"].find((one) => one in test);
	return [
		h("td.num", { "data-head": "Test" }, name && `${name} ${figure(name, test[name])}`),
		h("td.num.soft", { "data-head": "Guessing" }, name && figure(name, baseline[name])),
	];
}

/** @param {Child[]} pairs of a name and what it is */
export const facts = (pairs) =>
	h(
		"dl.facts",
		pairs.filter(Boolean).map(([name, value]) => [h("dt", name), h("dd", value)]),
	);

/**
 * Asks in a dialog; resolves to true if its first button was pressed.
 *
 * @param {string} question
 * @param {Child} content
 * @param {string} action
 * @param {string} [other]
 * @param {boolean} [isLoss] whether something is lost by it
 */
export function confirmed(question, content, action, other = "Leave it", isLoss = false) {
	return new Promise((resolve) => {
		const id = freshId("dialog");
		const dialog = h(
			"dialog",
			{
				"aria-labelledby": id,
				onclose: () => {
					dialog.remove();
					resolve(dialog.returnValue === "yes");
				},
			},
			h(
				"form",
				{ method: "dialog" },
				h("h2", { id }, question),
				content,
				h(
					"div.row",
					h(isLoss ? "button.main.danger" : "button.main", { value: "yes" }, action),
					h("button", { value: "no" }, other),
				),
			),
		);
		document.body.append(dialog);
		dialog.showModal();
	});
}
