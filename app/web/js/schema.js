// Checks a value against the part of JSON Schema that /openapi.json uses.

/** @typedef {any} Schema */
/** @typedef {{ field: string, message: string }} Misfit `field` is a dotted path */

/** @type {Record<string, (value: unknown) => boolean>} */
const KINDS = {
	string: (value) => typeof value === "string",
	number: (value) => typeof value === "number",
	integer: (value) => Number.isInteger(value),
	boolean: (value) => typeof value === "boolean",
	null: (value) => value === null,
	array: Array.isArray,
	object: isObject,
};
/** @type {[string, (value: number, limit: number) => boolean, string][]} */
const LIMITS = [
	["minimum", (value, limit) => value >= limit, "at least"],
	["maximum", (value, limit) => value <= limit, "at most"],
	["exclusiveMinimum", (value, limit) => value > limit, "more than"],
	["exclusiveMaximum", (value, limit) => value < limit, "less than"],
];

/** @param {unknown} value */
function isObject(value) {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @param {string} path @param {string | number} part */
const join = (path, part) => (path ? `${path}.${part}` : String(part));

/**
 * What does not fit.
 *
 * @param {any} value
 * @param {Schema} schema
 * @param {Schema} root holds what $ref points to
 * @param {string} [path]
 * @returns {Misfit[]}
 */
export function check(value, schema, root, path = "") {
	const form = resolve(schema, root);
	if (form.anyOf || form.oneOf) return checkUnion(value, form, root, path);
	const wrong = CHECKS.map((one) => one(value, form)).find(Boolean);
	if (wrong) return [{ field: path, message: wrong }];
	if (Array.isArray(value) && form.items) {
		return value.flatMap((one, place) => check(one, form.items, root, join(path, place)));
	}
	return isObject(value) ? checkObject(value, form, root, path) : [];
}

/** The schema itself, where it only refers to it. @param {Schema} schema @param {Schema} root @returns {any} */
export function resolve(schema, root) {
	let form = schema;
	while (form.$ref) {
		const names = form.$ref.slice(2).split("/");
		form = names.reduce((/** @type {Schema} */ part, /** @type {string} */ name) => part[name], root);
	}
	return form;
}

/** @param {unknown} value @param {Schema} form */
function checkKind(value, form) {
	if (form.enum && !form.enum.includes(value)) return `must be one of ${form.enum.join(", ")}`;
	if (!form.type || KINDS[form.type](value)) return null;
	return `must be ${/^[aio]/.test(form.type) ? "an" : "a"} ${form.type}`;
}

/** @param {unknown} value @param {Schema} form */
function checkNumber(value, form) {
	if (typeof value !== "number") return null;
	const broken = LIMITS.find(([name, fits]) => name in form && !fits(value, form[name]));
	return broken ? `must be ${broken[2]} ${form[broken[0]]}` : null;
}

/** @param {unknown} value @param {Schema} form */
function checkText(value, form) {
	if (typeof value !== "string") return null;
	if (Array.from(value).length > form.maxLength) return `must have at most ${form.maxLength} characters`;
	return form.pattern && !new RegExp(form.pattern, "u").test(value) ? `must match ${form.pattern}` : null;
}

/** @param {unknown} value @param {Schema} form */
const checkLength = (value, form) =>
	Array.isArray(value) && value.length > form.maxItems ? `must have at most ${form.maxItems} items` : null;

/** What a value alone shows, the kind first. */
const CHECKS = [checkKind, checkNumber, checkText, checkLength];

/** @param {any} value @param {Schema} form @param {Schema} root @param {string} path @returns {Misfit[]} */
function checkUnion(value, form, root, path) {
	const { propertyName, mapping } = form.discriminator ?? {};
	if (propertyName && isObject(value)) {
		const kind = value[propertyName];
		if (Object.hasOwn(mapping, kind)) return check(value, { $ref: mapping[kind] }, root, path);
		return [
			{
				field: join(path, propertyName),
				message: `must be one of ${Object.keys(mapping).join(", ")}`,
			},
		];
	}
	/** @type {Misfit[][]} */
	const found = (form.anyOf ?? form.oneOf).map((/** @type {Schema} */ one) => check(value, one, root, path));
	if (found.some((errors) => !errors.length)) return [];
	return found.find((errors) => errors.some((error) => !error.message.startsWith("must be a"))) ?? found[0];
}

/** @param {any} value @param {Schema} form @param {Schema} root @param {string} path @returns {Misfit[]} */
function checkObject(value, form, root, path) {
	const missing = (form.required ?? []).filter((/** @type {string} */ name) => !(name in value));
	/** @type {Misfit[]} */
	const errors = missing.map((/** @type {string} */ name) => ({
		field: join(path, name),
		message: "is needed",
	}));
	for (const [name, one] of Object.entries(value)) {
		const field = join(path, name);
		const schemas = schemasOf(name, form);
		errors.push(...schemas.flatMap((schema) => check(one, schema, root, field)));
		const isClosed = form.additionalProperties === false || form.patternProperties;
		if (!schemas.length && isClosed) errors.push({ field, message: "there is no such field" });
	}
	return errors;
}

/** Those of a property. @param {string} name @param {Schema} form @returns {Schema[]} */
function schemasOf(name, { properties = {}, patternProperties = {} }) {
	if (properties[name]) return [properties[name]];
	return Object.entries(patternProperties)
		.filter(([pattern]) => new RegExp(pattern, "u").test(name))
		.map(([, schema]) => schema);
}
