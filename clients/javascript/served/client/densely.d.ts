// Where the page finds the client: the service serves it so.
export * from "../../densely.js";
