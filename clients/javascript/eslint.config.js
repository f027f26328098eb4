// The rules for all JavaScript of the project: the client, the page, and what tests run.

import js from "@eslint/js";
import globals from "globals";

const code = (max) => ["error", { max, skipBlankLines: true, skipComments: true }];

export default [
	{ ignores: ["**/*.d.ts"] },
	js.configs.recommended,
	{
		linterOptions: { reportUnusedDisableDirectives: "error" },
		rules: {
			complexity: ["error", 10],
			curly: ["error", "multi-line"],
			eqeqeq: "error",
			"max-depth": ["error", 3],
			"max-lines": code(300),
			"max-lines-per-function": code(40),
			"max-params": ["error", 5],
			"no-param-reassign": "error",
			"no-shadow": "error",
			"no-unused-vars": ["error", { argsIgnorePattern: "^_", ignoreRestSiblings: true }],
			"no-var": "error",
			"object-shorthand": "error",
			"prefer-const": "error",
			"prefer-template": "error",
		},
	},
	{ files: ["app/web/**"], languageOptions: { globals: globals.browser } },
	{ files: ["tests/browser/**"], languageOptions: { globals: globals.browser, sourceType: "script" } },
	{ files: ["tests/**/*.mjs", "clients/javascript/tests/**"], languageOptions: { globals: globals.nodeBuiltin } },
	{
		files: ["clients/javascript/densely.js"],
		languageOptions: { globals: globals["shared-node-browser"] },
		rules: { "max-lines": code(700) }, // one file to load or to copy
	},
];
