import tseslint from "typescript-eslint";

// Markup from text and code from text are what Trusted Types refuse; here they are refused before they run.
const MARKUP = "Only elements are made here: no markup from text.";

export default tseslint.config(
  { ignores: ["node_modules", "src/ui/api/schema.ts", "src/*/worker.ts"] },
  ...tseslint.configs.recommendedTypeChecked.map((each) => ({ ...each, files: ["**/*.ts", "**/*.tsx"] })),
  {
    files: ["**/*.ts", "**/*.tsx"],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-non-null-assertion": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: { attributes: false, arguments: false } }],
      "max-lines": ["error", 400],
      "@typescript-eslint/unbound-method": "off", // components take their callbacks as properties, without `this`
      complexity: ["error", 16],
      "no-console": "error",
      "no-eval": "error",
      "no-restricted-properties": [
        "error",
        { property: "innerHTML", message: MARKUP },
        { property: "outerHTML", message: MARKUP },
        { property: "insertAdjacentHTML", message: MARKUP },
      ],
      "no-restricted-syntax": ["error", { selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']", message: MARKUP }],
    },
  },
);
