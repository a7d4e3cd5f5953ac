import "./style.css";

import type { JSX } from "preact";

import { useFocus } from "../ui/shell.tsx";
import { start } from "../ui/start.tsx";

import { Frame } from "./frame.tsx";
import messages from "./messages.en.json";
import { me, working } from "./parts/api.ts";
import { lazy } from "./parts/lazy.tsx";
import { LogIn, LogInAgain } from "./session.tsx";

const Enrolment = lazy(() => import("./account.tsx").then((part) => part.Enrolment));

function Page(): JSX.Element {
  useFocus(me.value?.who.id);
  if (me.value === null && !working.value) return <LogIn />;
  if (me.value?.who.must_enrol) return <Enrolment />;
  return (
    <>
      <Frame />
      {me.value === null ? <LogInAgain /> : null}
    </>
  );
}

void start({ segments: ["staff"], messages: { en: messages, ur: () => import("./messages.ur.json") }, view: Page });
