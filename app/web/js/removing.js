// Removes something after a question; what the service refuses is shown as it says.

import { told } from "./api.js";
import { button, confirmed, h, say } from "./dom.js";

/**
 * A button.
 *
 * @param {object} thing
 * @param {string} thing.what as the question calls it
 * @param {string} thing.effect what is lost
 * @param {import("./dom.js").Child} [thing.more] what else is asked
 * @param {() => Promise<unknown>} thing.remove
 * @param {() => void} thing.gone is called afterwards
 * @param {HTMLElement} problem where a refusal stands
 */
export function removal({ what, effect, more, remove, gone }, problem) {
	const ask = async (/** @type {any} */ { target }) => {
		problem.textContent = "";
		if (!(await confirmed(`Delete ${what}?`, [h("p", effect), more], "Delete", "Keep it", true))) return;
		target.disabled = true;
		try {
			await remove();
			say(`Deleted ${what}`);
			gone();
		} catch (error) {
			problem.textContent = told(error);
			problem.scrollIntoView({ block: "nearest" });
		}
		target.disabled = false;
	};
	return button("Delete", ask, { class: "danger", label: `Delete ${what}` });
}
