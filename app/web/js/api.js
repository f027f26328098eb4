// The service as the page asks it: with the key that is kept until the browser's tab is closed.

import { Densely, ServiceUnreachable } from "../../client/densely.js";
import { store, stored } from "./stored.js";

const KEY = "densely-key";
const VERSION = "densely-page"; // of the page: in its HTML, and in the head of every answer

export const apiKey = () => stored("sessionStorage", KEY) ?? "";

/** @param {string} key */
export function setApiKey(key) {
	store("sessionStorage", KEY, key || null);
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

/**
 * `fetch`; where a key is needed the page asks for it, and where another version of the page is served, it says so.
 *
 * @type {typeof fetch}
 */
async function asking(...asked) {
	const response = await fetch(...asked);
	if (response.status === 401) {
		const { detail = "" } = await response
			.clone()
			.json()
			.catch(() => ({}));
		dispatchEvent(new CustomEvent("keyneeded", { detail }));
	}
	const served = response.headers.get(VERSION);
	if (served && served !== version()) dispatchEvent(new Event("pageoutdated"));
	return response;
}

/** Of the page's files, as they were when this page was loaded. */
const version = () => document.querySelector(`meta[name="${VERSION}"]`)?.getAttribute("content");

/** What to do, by the status of an answer. @type {Record<number, string>} */
const ADVICE = {
	401: "The key at the top of the page takes one.",
	403: "The key at the top of the page takes another one.",
	409: "Look again: it may have changed meanwhile.",
	413: "Send less at once, or ask the operator to raise the limit.",
};

/**
 * What the page says of an error, and what to do about it.
 *
 * @param {any} error
 * @param {boolean} [isRepeated] it is tried again without anybody's doing
 */
export function told(error, isRepeated = false) {
	const words = sentence(error instanceof ServiceUnreachable ? awayWords() : error.message);
	if (isRepeated && error.isPassing) return `${words} Trying again…`;
	return [words, adviceOf(error)].filter(Boolean).join(" ");
}

/** Whether the same request may do later: it is not at fault. @param {any} error */
export const canRepeat = ({ status = 0 }) => !status || status === 429 || status >= 500;

const awayWords = () => (navigator.onLine ? "The service does not answer." : "This device is offline.");

/** @param {string} text */
const sentence = (text) => (/[.!?…]$/.test(text) ? text : `${text}.`);

/** @param {any} error */
function adviceOf({ status = 0, isPassing, message, retryAfter, requestId }) {
	if (!status) return isPassing && "Nothing is lost: try again when it is back.";
	const wait = retryAfter ? `Try again in ${retryAfter} s.` : "Try again in a while.";
	const when = isPassing && !/try again/i.test(message) && wait;
	const tell = status >= 500 && requestId && `If it stays so, tell the operator: request ${requestId}.`;
	return ADVICE[status] ?? [when, tell].filter(Boolean).join(" ");
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

const TRIES = 30; // of a question that the service is too busy for

/**
 * Asks, and again by itself while the service is too busy and says when to come back.
 *
 * @template T
 * @param {() => Promise<T>} ask
 * @param {AbortSignal} signal of when the view is left
 * @returns {Promise<T>}
 */
export async function patiently(ask, signal) {
	for (let left = TRIES; ; left -= 1) {
		try {
			return await ask();
		} catch (/** @type {any} */ error) {
			if (signal.aborted || !error.isPassing || !error.retryAfter || !left) throw error;
			await pause(1000 * error.retryAfter, signal);
		}
	}
}

/** Waits; throws when the view is left. @param {number} ms @param {AbortSignal} signal @returns {Promise<void>} */
export const pause = (ms, signal) =>
	new Promise((resolve, reject) => {
		const end = () => {
			clearTimeout(timer);
			signal.removeEventListener("abort", end);
			if (signal.aborted) reject(signal.reason);
			else resolve();
		};
		const timer = setTimeout(end, ms);
		signal.addEventListener("abort", end);
	});
