// The client against servers of the tests' own, which answer as a script says.

import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";

import * as client from "../densely.js";
import { json, problem, RUN, served } from "./served.js";

const { Densely } = client;

const ended = (/** @type {unknown} */ _, /** @type {import("node:http").ServerResponse} */ response) => response.writeHead(204).end();

/** A stream in these pieces, which then breaks off, ends, or stays open. */
const stream =
	(/** @type {string[]} */ pieces, /** @type {"destroy" | "end" | null} */ end = "end") =>
	async (/** @type {unknown} */ _, /** @type {import("node:http").ServerResponse} */ response) => {
		response.writeHead(200, { "Content-Type": "text/event-stream" });
		for (const piece of pieces) {
			response.write(piece);
			await new Promise(setImmediate);
		}
		if (end) response[end]();
	};

const event = (/** @type {number} */ id, /** @type {string} */ type, data = {}) =>
	`id: ${id}\nevent: ${type}\ndata: ${JSON.stringify({ run_id: "r-1", at: "2030-01-01T00:00:00Z", ...data })}\n\n`;
const status = (/** @type {number} */ id, /** @type {object} */ run) => event(id, "status", { run: { ...RUN, ...run } });

/** @param {AsyncIterable<client.RunEvent>} events */
async function idsOf(events) {
	const ids = [];
	for await (const { id } of events) ids.push(id);
	return ids;
}

test("a key is sent, below the path of a proxy, and ids may hold any character", async (context) => {
	const { url, asked } = await served(context, json({}));
	await new Densely({ url: `${url}/ml/densely`, key: "secret" }).model("a/b?c");
	assert.equal(asked[0].url, "/ml/densely/models/a%2Fb%3Fc");
	assert.equal(asked[0].headers.authorization, "Bearer secret");
});

test("without a key none is sent, and another fetch can be used", async () => {
	/** @type {any[]} */
	const asked = [];
	const densely = new Densely({
		url: "http://nowhere.test",
		fetch: async (...given) => {
			asked.push(given);
			return Response.json({ id: "m" });
		},
	});
	assert.deepEqual(await densely.model("m"), { id: "m" });
	assert.equal(asked[0][0], "http://nowhere.test/models/m");
	assert.deepEqual(asked[0][1].headers, { Accept: "application/json" });
});

test("a list is as long as was asked for, over as many pages as that takes", async (context) => {
	const page = (/** @type {number} */ count, /** @type {string | null} */ next) =>
		json({ items: Array.from({ length: count }, (_, place) => ({ id: place })), next });
	const { url, asked } = await served(context, page(500, "c1"), page(200, null));
	const found = await new Densely({ url }).models({ task: "t", limit: 800 });
	assert.equal(found.length, 700);
	assert.deepEqual(
		asked.map((one) => one.url),
		["/models?task=t&limit=500", "/models?task=t&limit=300&cursor=c1"],
	);
});

test("bytes of a picture go as base64, typed arrays as arrays", async (context) => {
	const { url, asked } = await served(context, json({ model: { id: "m", version: 1 }, prediction: { label: 7 } }));
	const densely = new Densely({ url });
	const bytes = new Uint8Array([0, 137, 80, 78, 71, 255]);
	for (const image of [bytes, bytes.buffer, new Blob([bytes]), Buffer.from(bytes)]) await densely.predict("t", { image });
	await densely.predict("t", { pixels: [new Uint8Array([1, 2]), new Float32Array([0.5])] });
	const sent = asked.map((one) => JSON.parse(one.body));
	assert.deepEqual(new Set(sent.slice(0, 4).map((one) => one.image)), new Set(["AIlQTkf/"]));
	assert.deepEqual(sent[4].pixels, [[1, 2], [0.5]]);
});

test("many inputs go in parts that a service takes, and an error counts from the first of all", async (context) => {
	const answer = (/** @type {any} */ { body }, /** @type {import("node:http").ServerResponse} */ response) => {
		const { instances } = JSON.parse(body);
		json({ model: { id: "m", version: 1 }, predictions: instances.map(() => ({ label: 1 })) })(null, response);
	};
	const wrong = problem("invalid-input", 422, {
		detail: "instances.2.text: is needed",
		errors: [{ field: "instances.2.text", message: "is needed" }],
	});
	const { url, asked } = await served(context, answer, answer, wrong);
	const densely = new Densely({ url });
	const texts = Array.from({ length: 5 }, () => ({ text: "ä".repeat(150_000) }));
	const rows = (await Promise.allSettled([densely.predict("t", texts)]))[0];
	const sizes = asked.map((one) => JSON.parse(one.body).instances.length);
	assert.deepEqual(sizes, [2, 2, 1]);
	assert.ok(asked.every((one) => Buffer.byteLength(one.body) < 2 ** 20));
	assert.equal(rows.status, "rejected");
	assert.deepEqual(rows.reason.errors, [{ field: "instances.6.text", message: "is needed" }]);
	assert.equal(rows.reason.message, "instances.6.text: is needed");
});

test("a problem is thrown as the class of its type, with its fields", async (context) => {
	const errors = [{ field: "recipe.epochs", message: "at least 1" }];
	const { url } = await served(context, problem("idempotency-conflict", 422, { errors, request_id: "r" }));
	const error = await new Densely({ url }).train("t").catch((/** @type {unknown} */ one) => one);
	assert.ok(error instanceof client.IdempotencyConflict);
	assert.ok(error instanceof client.Conflict && error instanceof client.ApiError && error instanceof client.DenselyError);
	const { name, message, kind, requestId, isPassing } = error;
	assert.deepEqual([name, message, error.status, kind, requestId, isPassing], ["IdempotencyConflict", "why", 422, "idempotency-conflict", "r", false]);
	assert.deepEqual(error.errors, errors);
});

test("a type without a class, and what is no problem document, are ApiErrors", async (context) => {
	const html = (/** @type {unknown} */ _, /** @type {import("node:http").ServerResponse} */ response) => response.writeHead(502).end("<html>");
	const { url } = await served(context, problem("teapot", 418), html);
	for (const [code, kind, isPassing] of [[418, "teapot", false], [502, "", true]]) {
		const error = await new Densely({ url }).tasks().catch((/** @type {unknown} */ one) => one);
		assert.ok(error instanceof client.ApiError);
		assert.deepEqual([error.constructor, error.status, error.kind, error.isPassing], [client.ApiError, code, kind, isPassing]);
		assert.equal(error.requestId, code === 418 ? "abc" : null);
	}
});

test("where nobody answers, or an answer breaks off, the service is unreachable", async (context) => {
	const half = (/** @type {unknown} */ _, /** @type {import("node:http").ServerResponse} */ response) => {
		response.writeHead(200, { "Content-Length": 100 }).write("{");
		setImmediate(() => response.destroy());
	};
	const { url } = await served(context, half, (_, response) => response.end("this is no JSON"));
	for (const at of [url, url, "http://127.0.0.1:9"]) {
		await assert.rejects(new Densely({ url: at }).model("m"), (error) => {
			assert.ok(error instanceof client.ServiceUnreachable);
			return error.isPassing && error.cause instanceof Error;
		});
	}
});

test("an aborted signal's reason is thrown as it is", async (context) => {
	const { url } = await served(context, () => {});
	const densely = new Densely({ url });
	await assert.rejects(densely.tasks({ signal: AbortSignal.abort() }), { name: "AbortError" });
	await assert.rejects(densely.predict("t", {}, { signal: AbortSignal.timeout(20) }), { name: "TimeoutError" });
	const reason = new Error("changed my mind");
	const run = new client.Run(densely, /** @type {any} */ (RUN));
	const leave = new AbortController();
	setImmediate(() => leave.abort(reason));
	await assert.rejects(run.wait({ signal: leave.signal }), (error) => error === reason);
});

test("events are read whatever the pieces, line ends and comments", async (context) => {
	const crlf = event(3, "log", { message: "a\u2028b" }).replaceAll("\n", "\r\n");
	const text = `: heartbeat\n\nretry: 5\n\n${event(2, "epoch", { loss: 0.5 })}${crlf}${event(4, "log").replaceAll("\n", "\r")}`;
	const bytes = [...text].map((letter) => letter);
	const { url } = await served(context, stream([...bytes, "id: 5\nevent: log\ndata: {\ndata: }\n\n", "id: 6\n\n"]), ended);
	const run = new client.Run(new Densely({ url }), /** @type {any} */ (RUN));
	const found = [];
	for await (const one of run.events()) found.push(one);
	assert.deepEqual(found.map(({ id, type }) => [id, type]), [["2", "epoch"], ["3", "log"], ["4", "log"], ["5", "log"]]);
	assert.deepEqual(found[0], { id: "2", type: "epoch", run_id: "r-1", at: "2030-01-01T00:00:00Z", data: { loss: 0.5 } });
	assert.equal(found[1].data.message, "a\u2028b");
});

test("a stream that breaks is taken up after its last event, and the half of one is not seen", async (context) => {
	const half = event(3, "log").slice(0, -1);
	const { url, asked } = await served(
		context,
		stream([status(1, {}), event(2, "log"), half], "destroy"),
		problem("unavailable", 503),
		stream([event(3, "log"), status(4, { status: "succeeded", model_id: "m" })]),
		ended,
	);
	/** @type {boolean[]} */
	const connections = [];
	const run = new client.Run(new Densely({ url, key: "k" }), /** @type {any} */ (RUN));
	const ids = await idsOf(run.events({ onConnection: (isThere) => connections.push(isThere) }));
	assert.deepEqual(ids, ["1", "2", "3", "4"]);
	assert.deepEqual(asked.map((one) => one.headers["last-event-id"]), ["0", "2", "2", "4"]);
	assert.ok(asked.every((one) => one.headers.authorization === "Bearer k"));
	assert.deepEqual(connections, [true, false, false, true, true]);
	assert.deepEqual([run.status, run.isOver, run.data.model_id], ["succeeded", true, "m"]);
});

test("who follows gives up when nobody has answered for too long, and at once when refused", async (context) => {
	const { url, asked } = await served(context, problem("unavailable", 503));
	const run = new client.Run(new Densely({ url }), /** @type {any} */ (RUN));
	await assert.rejects(run.wait({ away: 100 }), client.Unavailable);
	assert.equal(asked.length, 2);
	const refusing = await served(context, problem("not-found", 404));
	const other = new client.Run(new Densely({ url: refusing.url }), /** @type {any} */ (RUN));
	await assert.rejects(other.wait(), client.NotFound);
	assert.equal(refusing.asked.length, 1);
});

test("who stops reading events closes the connection", async (context) => {
	const { url, asked } = await served(context, stream([event(1, "log")], null));
	for await (const { id } of new Densely({ url }).events()) {
		assert.equal(id, "1");
		break;
	}
	if (!asked[0].request.socket.destroyed) await once(asked[0].request.socket, "close");
	assert.equal(asked[0].headers["last-event-id"], undefined);
});

test("wait throws how a run ended, after all of its events were told", async (context) => {
	const error = { type: "Diverged", message: "no number" };
	const failed = stream([status(1, { status: "failed", error })]);
	const cancelled = stream([status(1, { status: "cancelled" })]);
	const { url } = await served(context, failed, ended, cancelled, ended);
	const run = () => new client.Run(new Densely({ url }), /** @type {any} */ (RUN));
	/** @type {string[]} */
	const told = [];
	const waited = run().wait({ onEvent: async (one, of) => told.push(`${one.type} ${of.status}`) });
	await assert.rejects(waited, (one) => {
		assert.ok(one instanceof client.RunFailed && one instanceof client.RunEnded);
		assert.equal(one.message, "run r-1 is failed: Diverged: no number");
		return one.run.data.error?.type === "Diverged";
	});
	assert.deepEqual(told, ["status failed"]);
	await assert.rejects(run().wait(), client.RunCancelled);
});

test("a stream that is silent for three heartbeats is left, and another one opened", async (context) => {
	const { url, asked } = await served(context, stream([event(1, "log")], null), ended);
	context.mock.timers.enable({ apis: ["setTimeout"] });
	const run = new client.Run(new Densely({ url }), /** @type {any} */ (RUN));
	const events = run.events();
	await events.next();
	const end = events.next();
	await new Promise(setImmediate);
	context.mock.timers.tick(44_999);
	await new Promise(setImmediate);
	assert.equal(asked.length, 1);
	context.mock.timers.tick(1);
	assert.deepEqual(await end, { value: undefined, done: true });
	assert.equal(asked[1].headers["last-event-id"], "1");
});
