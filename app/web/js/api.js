// The service as the page asks it: with the key that is kept until the browser's tab is closed.

import { Densely, ServiceUnreachable } from "../../client/densely.js";

const KEY = "densely-key";

export const apiKey = () => sessionStorage.getItem(KEY) ?? "";

/** @param {string} key */
export function setApiKey(key) {
	if (key) sessionStorage.setItem(KEY, key);
	else sessionStorage.removeItem(KEY);
	densely = connect();
	sender = new Densely({ key });
}

/** The client, with the present key. */
export let densely = connect();

/** The same for files: its own way of sending tells how far they are. */
export let sender = new Densely({ key: apiKey() });

function connect() {
	return new Densely({ key: apiKey(), fetch: asking });
}

/** `fetch`, and where a key is needed the page asks for it. @type {typeof fetch} */
async function asking(...asked) {
	const response = await fetch(...asked);
	if (response.status === 401) {
		const { detail } = await response.clone().json();
		dispatchEvent(new CustomEvent("keyneeded", { detail }));
	}
	return response;
}

/** What the page says of an error. @param {any} error */
export function told(error) {
	const words = error instanceof ServiceUnreachable ? "The service does not answer." : error.message;
	return error.isPassing ? `${words} Trying again…` : words;
}

/** The absolute URL of a path of the API. @param {string} path */
export const urlOf = (path) => new URL(path.replace(/^\//, ""), densely.url).href;

/** @type {Promise<any> | undefined} */
let described;

/** The service's OpenAPI description, asked for once. */
export function openapi() {
	described ??= densely.get("openapi.json").catch((error) => {
		described = undefined;
		throw error;
	});
	return described;
}

/**
 * A URL for an <img> or a download: as it is, or as a blob where a key has to be sent.
 *
 * @param {string} path
 * @param {AbortSignal} signal
 */
export async function fileUrl(path, signal) {
	if (!apiKey()) return urlOf(path);
	return URL.createObjectURL(await densely.file(path, { signal }));
}

/** Waits; throws when the view is left. @param {number} ms @param {AbortSignal} signal @returns {Promise<void>} */
export const pause = (ms, signal) =>
	new Promise((resolve, reject) => {
		setTimeout(() => (signal.aborted ? reject(signal.reason) : resolve()), ms);
	});
