// Dependents: people whose tickets the customer buys.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { answerOf, deed, type Schemas } from "../ui/api/client.ts";
import { Dialog } from "../ui/dialog.tsx";
import { changesOf, Choice, Deed, Field, Form, Submit, type Values } from "../ui/form.tsx";
import { dateOf } from "../ui/format.tsx";
import { t } from "../ui/i18n.ts";
import { Listing, Unread, useList, useWhole } from "../ui/list.tsx";

import { bloodType, bloodTypes, contactOf } from "./account.tsx";
import { mine, ownCards, type Dependent } from "./api.ts";

type Card = readonly [id: string, label: string];

/** The list of dependents, with their forms. */
export function Family(): JSX.Element {
  const list = useList((cursor) => answerOf(mine.GET("/api/v1/users/dependents/", { params: { query: { cursor } } })));
  const cards = useWhole(ownCards);
  const open = useSignal<Dependent | "new" | null>(null);
  const active = (cards.value ?? []).filter(({ status }) => status === "active").map(({ id, uid }): Card => [id, `…${uid.slice(-4)}`]);
  const remove = async (id: string): Promise<void> => {
    await answerOf<unknown>(mine.DELETE("/api/v1/users/dependents/{dependent_id}/", { params: { path: { dependent_id: id } } }));
    list.replace((each) => each.id === id, null);
  };
  const shown = open.value;
  return (
    <>
      <p class="quiet">{t("shop.family_hint")}</p>
      <Listing
        list={list}
        label={t("shop.account.family")}
        empty={<p>{t("shop.no_family")}</p>}
        row={(each) => (
          <li key={each.id} class="row">
            <span class="grow">
              <b>
                <bdi>{each.name}</bdi>
              </b>{" "}
              <span class="quiet">
                <bdi>{each.relation}</bdi>
              </span>
              {each.date_of_birth ? (
                <small>
                  {" "}
                  <bdi>{dateOf(each.date_of_birth)}</bdi>
                </small>
              ) : null}
            </span>
            <button type="button" aria-haspopup="dialog" onClick={() => (open.value = each)}>
              {t("shop.change")}
            </button>
            <Deed act={() => remove(each.id)}>{t("shop.remove")}</Deed>
          </li>
        )}
      />
      <Unread read={cards} />
      <button type="button" class="primary" aria-haspopup="dialog" onClick={() => (open.value = "new")}>
        {t("shop.add_person")}
      </button>
      {shown ? (
        <Dialog title={t(shown === "new" ? "shop.add_person" : "shop.change")} close={() => (open.value = null)}>
          <Person
            person={shown === "new" ? null : shown}
            cards={active}
            saved={() => {
              open.value = null;
              list.reload();
            }}
          />
        </Dialog>
      ) : null}
    </>
  );
}

const typedOf = (person: Dependent): Record<string, string> => ({
  name: person.name,
  relation: person.relation,
  date_of_birth: person.date_of_birth ?? "",
  blood_type: person.blood_type ?? "",
  card_id: person.card_id ?? "",
  "emergency_contact.name": person.emergency_contact?.name ?? "",
  "emergency_contact.mobile_number": person.emergency_contact?.mobile_number ?? "",
});

/** Return what a form says of a dependent, as the API takes it. */
function bodyOf(values: Record<string, string>): Schemas["WebappDependentIn"] {
  return {
    name: values.name ?? "",
    relation: values.relation ?? "",
    date_of_birth: values.date_of_birth || null,
    blood_type: bloodType(values.blood_type),
    emergency_contact: contactOf(values),
    card_id: values.card_id || null,
  };
}

function Person({ person, cards, saved }: { person: Dependent | null; cards: readonly Card[]; saved(): void }): JSX.Element {
  const initial = person ? typedOf(person) : {};
  const save = async (values: Values, before: Values): Promise<void> => {
    const body = bodyOf(values);
    if (person) await answerOf(mine.PUT("/api/v1/users/dependents/{dependent_id}/", { body: changesOf(body, bodyOf(before)), params: { path: { dependent_id: person.id } } }));
    else await deed(`dependent:${JSON.stringify(body)}`, (header) => answerOf(mine.POST("/api/v1/users/dependents/", { body, params: { header } })));
    saved();
  };
  const known = person?.card_id && !cards.some(([id]) => id === person.card_id) ? [[person.card_id, t("shop.card_name")] as const] : [];
  return (
    <Form label={t("shop.add_person")} draft={`dependent.${person?.id ?? "new"}`} initial={initial} onSubmit={save}>
      <Field name="name" label={t("shop.name")} required />
      <Field name="relation" label={t("shop.relation")} hint={t("shop.relation_hint")} required />
      <Field name="date_of_birth" label={t("shop.born")} type="date" />
      <Choice name="blood_type" label={t("shop.blood")} options={bloodTypes()} />
      <Choice name="card_id" label={t("shop.their_card")} options={[["", t("shop.no_card")], ...known, ...cards]} />
      <Field name="emergency_contact.name" label={t("shop.contact_name")} />
      <Field name="emergency_contact.mobile_number" label={t("shop.contact_number")} type="tel" />
      <Submit>{t("ui.save")}</Submit>
    </Form>
  );
}
