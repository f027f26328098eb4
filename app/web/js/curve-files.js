// Curves to take along: their rows as CSV, their picture as PNG in the colours of the page.

import { asCsv } from "./csv.js";
import { h } from "./dom.js";

/** @import { Epoch } from "../../client/densely.js" */

const DRAWN = [
	"fill",
	"fill-opacity",
	"stroke",
	"stroke-width",
	"stroke-dasharray",
	"stroke-opacity",
	"stroke-linecap",
];
const TEXT = ["font-family", "font-size", "font-weight"];
const SCALE = 2; // pixels of the picture for each of the screen
const [GAP, HEAD, LINE] = [24, 64, 26]; // between panels; title and names; a row of the legend

/** Every epoch of every fit. @param {{ key: string, epochs: Epoch[] }[]} groups */
export function csvOf(groups) {
	const rows = groups.flatMap(({ key, epochs }) => epochs.map((row) => ({ run: key, ...row })));
	const first = ["run", "seed", "fold", "epoch"];
	const others = new Set(rows.flatMap(Object.keys));
	const names = [...first, ...[...others].filter((name) => !first.includes(name) && name !== "seconds"), "seconds"];
	return asCsv([names, ...rows.map((/** @type {Record<string, any>} */ row) => names.map((name) => row[name]))]);
}

/**
 * The panels side by side with the legend below.
 *
 * @param {{ name: string, svg: SVGElement }[]} panels
 * @param {Element[]} entries of the legend
 * @param {string} title
 * @returns {Promise<Blob>}
 */
export async function pngOf(panels, entries, title) {
	const shown = panels.filter(({ svg }) => !svg.hasAttribute("hidden"));
	const images = await Promise.all(shown.map(({ svg }) => imageOf(svg)));
	const style = getComputedStyle(document.body);
	const width = images.reduce((sum, { width: one }) => sum + one + GAP, GAP);
	const height = HEAD + images[0].height + LINE * (entries.length + 1);
	const canvas = h("canvas", { width: width * SCALE, height: height * SCALE });
	const view = canvas.getContext("2d");
	view.scale(SCALE, SCALE);
	view.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--card");
	view.fillRect(0, 0, width, height);
	const write = (/** @type {string} */ text, /** @type {number} */ x, /** @type {number} */ y, weight = 400) => {
		view.fillStyle = style.color;
		view.font = `${weight} 14px ${style.fontFamily}`;
		view.fillText(text, x, y);
	};
	write(title, GAP, 26, 600);
	let left = GAP;
	images.forEach((image, place) => {
		write(shown[place].name, left, HEAD - 12, 600);
		view.drawImage(image, left, HEAD, image.width, image.height);
		left += image.width + GAP;
	});
	entries.forEach((entry, place) => {
		const y = HEAD + images[0].height + LINE * (place + 1);
		swatch(view, entry.querySelector(".swatch"), GAP, y - 5);
		write(entry.textContent ?? "", GAP + 40, y);
	});
	return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

/** The SVG with the colours that the style sheet gives it, as a picture. @param {SVGElement} svg @returns {Promise<HTMLImageElement>} */
async function imageOf(svg) {
	const { width, height } = svg.getBoundingClientRect();
	const copy = /** @type {SVGElement} */ (svg.cloneNode(true));
	const pairs = [...svg.querySelectorAll("*")].map((one, place) => [one, copy.querySelectorAll("*")[place]]);
	for (const [one, other] of pairs) {
		const style = getComputedStyle(one);
		const names = one.tagName === "text" ? [...DRAWN, ...TEXT] : DRAWN;
		for (const name of names) other.setAttribute(name, style.getPropertyValue(name));
	}
	copy.setAttribute("width", String(width));
	copy.setAttribute("height", String(height));
	const text = new XMLSerializer().serializeToString(copy);
	const image = new Image(width, height);
	image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
	await image.decode();
	return image;
}

/** A short line as the legend has it. @param {CanvasRenderingContext2D} view @param {Element | null} node @param {number} x @param {number} y */
function swatch(view, node, x, y) {
	if (!node) return;
	const style = getComputedStyle(node);
	if (node.classList.contains("band")) {
		view.globalAlpha = Number(style.opacity);
		view.fillStyle = style.backgroundColor;
		view.fillRect(x, y - 6, 28, 12);
		view.globalAlpha = 1;
		return;
	}
	view.strokeStyle = style.borderTopColor;
	view.lineWidth = 3;
	view.setLineDash(style.borderTopStyle === "dotted" ? [1, 5] : []);
	view.beginPath();
	if (node.classList.contains("best")) view.arc(x + 14, y, 5, 0, 7);
	else {
		view.moveTo(x, y);
		view.lineTo(x + 28, y);
	}
	view.stroke();
}
