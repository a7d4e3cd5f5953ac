import "./gate.css";

import type { JSX } from "preact";

import { start } from "../ui/start.tsx";

import { begin } from "./background.ts";
import { LogIn } from "./login.tsx";
import messages from "./messages.en.json";
import { followSession, person } from "./person.ts";
import { followTabs } from "./state.ts";
import { Station } from "./station.tsx";
import { register } from "./update.ts";

function Page(): JSX.Element {
  const usher = person.value;
  return usher === null ? <LogIn /> : <Station key={usher.owner} />;
}

followSession();
followTabs();
void register();
void start({ segments: ["gate"], messages: { en: messages, ur: () => import("./messages.ur.json") }, view: Page }).then(begin);
