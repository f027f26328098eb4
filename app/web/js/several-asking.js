// Many inputs asked part by part: what is refused is told at its row, and does not keep others from their answer.

import { densely, pause } from "./api.js";
import { optionsOf } from "./predictions.js";
import { fits, shortOf } from "./several-rows.js";

/** @import { Fields, Prediction } from "../../client/densely.js" */
/** @import { Context } from "./predictions.js" */
/** @import { Row } from "./several-rows.js" */

const AT_ONCE = 250; // rows in a request
const AGAIN = 1; // s until a service that is away, or says not when to come back, is asked again

/** Whether nothing is known of a row yet. @param {Row} row */
export const isOpen = ({ problem, answer }) => !problem && !answer;

/**
 * Asks for all rows that are open. Throws where the whole request is refused, and when it is stopped; what was answered
 * until then stays.
 *
 * @param {Context} context
 * @param {Row[]} rows
 * @param {(trouble?: any) => void} told after each part, and with an error when it is tried again
 * @param {AbortSignal} signal
 */
export async function askAll({ task, options }, rows, told, signal) {
	const open = rows.filter(isOpen);
	const asked = { ...optionsOf(task, []), ...options(), signal };
	const ask = (/** @type {Fields[]} */ inputs) => densely.predict(task.name, inputs, asked);
	for (let start = 0; start < open.length; start += AT_ONCE) {
		const part = open.slice(start, start + AT_ONCE).filter((row) => fits(task, row));
		await askPart(task.kind, part, (inputs) => persistently(() => ask(inputs), told, signal));
		told();
	}
}

/** Again and again while the service is away, or has too much to do. @template T @param {() => Promise<T>} ask @param {(error: any) => void} told @param {AbortSignal} signal @returns {Promise<T>} */
async function persistently(ask, told, signal) {
	for (;;) {
		try {
			return await ask();
		} catch (/** @type {any} */ error) {
			if (!error.isPassing) throw error;
			told(error);
			await pause(1000 * (error.retryAfter || AGAIN), signal);
		}
	}
}

/** @param {string} kind @param {Row[]} part @param {(inputs: Fields[]) => Promise<Prediction[]>} ask */
async function askPart(kind, part, ask) {
	for (let rest = part; rest.length;) {
		try {
			const answers = await ask(rest.map(({ input }) => /** @type {Fields} */ (input)));
			rest.forEach((row, place) => {
				row.answer = answers[place];
			});
			return;
		} catch (/** @type {any} */ error) {
			if (!note(kind, rest, error)) throw error;
			rest = rest.filter(isOpen);
		}
	}
}

/** Notes at their rows what was refused; whether there are such. @param {string} kind @param {Row[]} rows @param {any} error */
function note(kind, rows, error) {
	let isNoted = false;
	for (const { field, message } of error.errors ?? []) {
		const [, place, name] = /^instances\.(\d+)\.?(.*)$/.exec(field) ?? [];
		const row = rows[Number(place)];
		if (!place || !row) continue;
		row.problem = name ? `${shortOf(kind, name)}: ${message}` : message;
		isNoted = true;
	}
	return isNoted;
}
