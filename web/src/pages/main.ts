import { mount } from "svelte";
import App from "./App.svelte";
import "./page.css";

const target = document.getElementById("app");
if (!target) throw new Error("the page has no place for itself");
target.replaceChildren();
mount(App, { target });
