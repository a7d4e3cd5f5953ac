// Calls that the types must refuse: an error that does not come is an error of the compiler.
import { connect } from "./client.js";

const { api } = connect("http://127.0.0.1:8000");

// @ts-expect-error: there is no such path
void api.GET("/api/v1/users/nobody/");
// @ts-expect-error: the scan's own id is required
void api.POST("/api/usher/scan/result/", { body: { qr: "text", gate: "Gate 1" } });
// @ts-expect-error: a direction is entry or exit
void api.POST("/api/usher/scan/result/", { body: { scan_id: "scn_00000001", direction: "sideways" } });
// @ts-expect-error: a filter takes the words of its enumeration
void api.GET("/api/v1/users/tickets/", { params: { query: { status: "lost" } } });
// @ts-expect-error: an amount is a decimal string
void api.POST("/api/v1/users/nfc-cards/{card_id}/reload/", { params: { path: { card_id: "x" } }, body: { amount: 5 } });
void api.GET("/api/v1/users/me/").then(({ data }) => {
  // @ts-expect-error: a customer has no such field
  return data?.surname;
});
