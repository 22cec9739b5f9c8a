// The one server of this page, and what is kept of its answers.
import { client } from "../api/client.ts";

export const server = client();
