// A button that asks for more: once at a time, and a failure is told.

import { told } from "./api.js";
import { button } from "./dom.js";

/**
 * It stays enabled while it asks, for the focus to stay on it; another press then does nothing.
 *
 * @param {string} text
 * @param {() => Promise<void>} ask
 * @param {HTMLElement} problem where errors stand
 */
export function moreButton(text, ask, problem) {
	let isAsking = false;
	const press = async () => {
		if (isAsking) return;
		isAsking = true;
		try {
			await ask();
			problem.textContent = "";
		} catch (error) {
			problem.textContent = told(error);
		}
		isAsking = false;
	};
	return button(text, press);
}
