// Pictures that the service draws, in the colours of the page's theme: asked for anew when it changes.

import { densely, told, urlOf } from "./api.js";
import { h, on, throttled } from "./dom.js";
import { paleBox } from "./skeleton.js";

/** @import { Drawing } from "../../client/densely.js" */

const STEP = 40; // pixels: a window that is changed by less keeps its pictures
const WIDEST = 864; // pixels; no picture is better when it is wider
const LEAST = 320;
const SETTLED = 400; // ms after the last change of the window

/** One of them; it takes the width that it has, so that text keeps its size on a phone. */
export class Picture {
	#image;
	#box = paleBox();
	#problem = h("p.soft.small", { role: "alert" });
	#asked = ""; // the address of the last one
	#blob = "";

	/** @param {string} path of the API @param {string} alt @param {AbortSignal} signal of when its view is left */
	constructor(path, alt, signal) {
		this.path = path;
		this.signal = signal;
		this.#image = h("img.picture", { alt, hidden: true });
		this.node = h("div.drawn", this.#box, this.#image, this.#problem);
		on(this.#image, "load", () => this.#arrived());
		addEventListener("themechange", () => this.draw(), { signal });
		addEventListener(
			"resize",
			throttled(() => this.draw(), SETTLED),
			{ signal },
		);
		signal.addEventListener("abort", () => URL.revokeObjectURL(this.#blob));
		requestAnimationFrame(() => this.draw()); // when it has a width
	}

	/** Draws it, unless it is there as it would be. @param {boolean} [isNew] it shows something else by now */
	async draw(isNew = false) {
		const address = this.#address();
		if (this.signal.aborted || !this.node.isConnected || (address === this.#asked && !isNew)) return;
		this.#asked = address;
		try {
			// As a blob: with the key, without a second look at what the browser keeps, and with words where it is refused.
			const url = URL.createObjectURL(await densely.file(address, { signal: this.signal }));
			URL.revokeObjectURL(this.#blob);
			this.#blob = url;
			if (address === this.#asked) this.#image.src = url;
		} catch (error) {
			if (!this.signal.aborted) this.#refused(error);
		}
	}

	#address() {
		const { theme = "light" } = document.documentElement.dataset;
		const width = Math.max(LEAST, Math.floor(this.node.clientWidth / STEP) * STEP);
		const url = new URL(urlOf(this.path));
		if (theme === "dark") url.searchParams.set("theme", theme);
		if (this.node.clientWidth && width < WIDEST) url.searchParams.set("width", String(width));
		return url.href.slice(densely.url.length);
	}

	#arrived() {
		this.#problem.textContent = "";
		this.#image.hidden = false;
		this.#box.remove();
	}

	/** @param {any} error */
	#refused(error) {
		this.#box.remove();
		this.#asked = "";
		this.#problem.textContent = told(error);
	}
}

/** Pictures that an answer of the service names. @param {Drawing[]} found @param {string} of @param {AbortSignal} signal */
export const pictures = (found, of, signal) =>
	h(
		"div.charts",
		found.map(({ title: name, path }) =>
			h("div.stack", h("h2", name), new Picture(path, `${name} of ${of}`, signal).node),
		),
	);
