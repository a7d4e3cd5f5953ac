// The work queues: each is a list whose rows are decided in place; the platform's answer replaces the row.
import type { FunctionComponent, JSX } from "preact";

import { t } from "../../ui/i18n.ts";
import { match } from "../../ui/router.ts";
import { may, type Permission } from "../parts/api.ts";
import { Nothing, Title } from "../parts/shown.tsx";

import { CardRequests, Conflicts, Incidents } from "./gates.tsx";
import { Disputes, Refunds } from "./refunds.tsx";
import { Drafts, Edits } from "./drafts.tsx";
import { SecondPerson } from "./second.tsx";

const QUEUES: Readonly<Record<string, { view: FunctionComponent; needs: readonly Permission[] }>> = {
  refunds: { view: Refunds, needs: ["read", "support"] },
  drafts: { view: Drafts, needs: ["read"] },
  edits: { view: Edits, needs: ["read"] },
  cards: { view: CardRequests, needs: ["read", "support"] },
  conflicts: { view: Conflicts, needs: ["read", "support", "ushers"] },
  incidents: { view: Incidents, needs: ["read", "support", "ushers"] },
  disputes: { view: Disputes, needs: ["read"] },
  second: { view: SecondPerson, needs: ["read"] },
};

export function Queues(): JSX.Element {
  const name = match("/staff/queues/:queue")?.queue ?? "";
  const queue = QUEUES[name];
  if (queue === undefined) return <Nothing>{t("staff.no_view")}</Nothing>;
  if (!may(...queue.needs)) return <Nothing>{t("staff.not_yours")}</Nothing>;
  const View = queue.view;
  return (
    <>
      <Title>{t(`staff.queue.${name}`)}</Title>
      <p class="quiet">{t(`staff.queue.${name}_about`)}</p>
      <View />
    </>
  );
}
