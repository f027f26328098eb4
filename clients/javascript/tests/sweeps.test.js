// Sweeps, as a server of the tests' own tells them.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Densely, QueueFull, Sweep, SweepCancelled, SweepFailed } from "../densely.js";
import { json, problem, RUN, served } from "./served.js";

/** A sweep under way. @type {any} */
const SWEEP = { id: "s-1", task: "t", status: "running", leaderboard: [{ number: 3, value: 0.9 }], error: null };
const now = (/** @type {object} */ more) => json({ ...SWEEP, ...more });

test("a sweep is asked for with its space, its settings and its key", async (context) => {
	const { url, asked } = await served(context, now({}));
	/** @type {Record<string, import("../densely.js").Axis>} */
	const space = { "optimizer.learning_rate": { kind: "log_range", low: 1e-4, high: 0.1 } };
	const settings = { budget: { trials: 5 }, pruner: null, seed: 1, idempotencyKey: "k" };
	const sweep = await new Densely({ url }).search("t", space, settings);
	assert.equal(sweep.id, "s-1");
	assert.equal(sweep.trials[0].number, 3);
	assert.equal(sweep.isOver, false);
	assert.equal(asked[0].url, "/sweeps");
	assert.equal(asked[0].headers["idempotency-key"], "k");
	assert.deepEqual(JSON.parse(asked[0].body), { task: "t", space, budget: { trials: 5 }, pruner: null, seed: 1 });
});

test("who waits looks again, over a restart, until it has ended", async (context) => {
	const { url } = await served(context, now({}), problem("unavailable", 503), now({}), now({ status: "succeeded" }));
	/** @type {string[]} */
	const seen = [];
	const sweep = new Sweep(new Densely({ url }), SWEEP);
	await sweep.wait({ every: 1, onProgress: ({ status }) => seen.push(status) });
	assert.deepEqual(seen, ["running", "running", "succeeded"]);
});

test("a sweep that did not succeed is thrown with its reason", async (context) => {
	const error = { type: "NoTrialSucceeded", message: "all 20 trials failed" };
	const { url } = await served(context, now({ status: "failed", error }), now({ status: "cancelled" }));
	const sweep = new Sweep(new Densely({ url }), SWEEP);
	await assert.rejects(sweep.wait(), (thrown) => {
		assert.ok(thrown instanceof SweepFailed);
		assert.equal(thrown.message, "sweep s-1 is failed: NoTrialSucceeded: all 20 trials failed");
		return true;
	});
	await assert.rejects(sweep.wait(), SweepCancelled);
});

test("what will not pass is thrown at once, and so is an abort", async (context) => {
	const { url, asked } = await served(context, problem("not-found", 404));
	const sweep = new Sweep(new Densely({ url }), SWEEP);
	await assert.rejects(sweep.wait({ every: 1 }), { name: "NotFound" });
	assert.equal(asked.length, 1);
	const signal = AbortSignal.abort(new Error("mine"));
	await assert.rejects(sweep.wait({ signal }), { message: "mine" });
});

test("too many sweeps is told as such", async (context) => {
	const { url } = await served(context, problem("queue-full", 429));
	await assert.rejects(new Densely({ url }).search("t", {}), QueueFull);
});

test("lists, cancel, delete, pictures and the space around a run have their paths", async (context) => {
	const list = json({ items: [SWEEP], next: null });
	const one = now({ status: "cancelled" });
	const { url, asked } = await served(context, list, json(RUN), json({ space: {} }), one, one, one, json({}), json({}));
	const densely = new Densely({ url });
	assert.equal((await densely.sweeps({ task: "t", status: "running", limit: 3 })).length, 1);
	await (await densely.run("r-1")).space();
	const sweep = await densely.sweep("s-1");
	assert.equal((await sweep.cancel()).status, "cancelled");
	await densely.deleteSweep("s-1");
	await sweep.picture("parallel", { form: "png" });
	assert.deepEqual(
		asked.map(({ method, url: path }) => `${method} ${path}`),
		[
			"GET /sweeps?task=t&status=running&limit=3",
			"GET /runs/r-1",
			"GET /runs/r-1/space",
			"GET /sweeps/s-1",
			"POST /sweeps/s-1/cancel",
			"GET /sweeps/s-1",
			"DELETE /sweeps/s-1",
			"GET /sweeps/s-1/parallel.png",
		],
	);
});
