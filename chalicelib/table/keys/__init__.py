"""Every key of the table and every access pattern (question) that it serves. Read this first.

No.  question                                   index  partition                 sort                   asked by
 1   an event and what its gates must know      table  EVENT#event               EVENT, EVENT_REVOKED#… gate
                                                                                 EVENT_OFFLINE
 2   the running totals of an event             table  EVENT#event               COUNTERS               status, stream
 3   a ticket                                   table  TICKET#ticket             TICKET                 the scan
 4   the attendees of an event by name          gsi1   ATTENDEES#event#initial   name#ticket            log search
 5   a card by its UID (its id carries it)     table  CARD#uid                  CARD                   the scan
 6   one scan of one caller (its first answer)  table  SCAN#caller#scan          SCAN#subject           the scan, stream
 7   the check-in log of an event, newest first gsi1   LOG#event#shard           log id                 usher logs
 8   the scans of one ticket or one card        gsi2   TICKET_LOG#event#ticket   log id                 log search
                                                       CARD_LOG#event#uid
 9   the account of a login name                table  LOGIN#portal#name         LOGIN                  log-in
10   an account                                 table  ACCOUNT#account           ACCOUNT                log-in, refresh
11   a session                                  table  SESSION#session           SESSION                refresh, log-out
12   staff locked out within the last minutes   table  STAFF                     REVOKED#principal      admin's guard
13   a reader agent or an usher's phone         table  DEVICE#device             DEVICE                 device's guard
14   all devices, newest first                  gsi1   DEVICES                   device                 admin
15   the devices of an event                    gsi2   EVENT_DEVICES#event       device                 admin, watch
16   a one-time enrolment code, by its MAC      table  ENROLMENT#mac             ENROLMENT              enrolment
17   the number of attempts at something        table  THROTTLE#what#whom        THROTTLE#window        log-in
18   the events that gates are open for         gsi2   EVENTS_BY_DAY#date        event                  watch
19   other lock-outs, by principal              table  LOCKED_OUT#principal      REVOKED#name           guards
20   a customer and all that is only theirs     table  ACCOUNT#account           PROFILE, DATA_KEY,     webapp
                                                       DEPENDENT#…, FAVORITE#event, TOTALS, SEATS,
                                                       VISIT#event
21   a one-time code that was sent              table  CHALLENGE#challenge       CHALLENGE              webapp
22   the newest code of a number, by its MAC    table  OTP#purpose#mac           OTP                    webapp
23   the answer to an Idempotency-Key           table  IDEMPOTENCY#mac           IDEMPOTENCY            every portal
24   a completed operation and its result       table  OPERATION#operation       OPERATION              every portal
25   the ticket categories of an event          table  EVENT#event               CATEGORY#category      sale, catalogue
26   one shard of a category's stock            table  STOCK#event#category#n    STOCK                  sale
27   an order                                   table  ORDER#order (no time)     ORDER                  sale
28   what is due at a minute                    gsi2   DUE#minute#shard          id                     sweep
29   the progress of the sweep                  table  SWEEP                     SWEEP#what             sweep
30   the tickets of a customer, newest first    gsi2   CUSTOMER_TICKETS#customer ticket                 webapp
31   an event as the public sees it             table  LISTING#event             LISTING                catalogue
32   the lists of public events                 table  CATALOGUE#list…           sort#event             catalogue
33   the categories of the catalogue            table  CATALOGUE_CATEGORIES      category               catalogue
34   a payment                                  table  PAYMENT#payment           PAYMENT                sale
35   the payments of a customer, newest first   gsi1   CUSTOMER_PAYMENTS#cust.   payment                webapp
36   a processed callback of a provider         table  PROVIDER_EVENT#provider#id PROVIDER_EVENT        webhook
37   a charge at the sandbox provider           table  SANDBOX#reference         SANDBOX                payments
38   a movement of money                        table  JOURNAL#journal           JOURNAL                ledger
39   the total of a ledger account, by shard    table  ACCOUNT_TOTAL#account#n   currency               ledger
40   a card's balance                           table  CARD#uid                  BALANCE                ledger
41   the lines of a card's ledger               table  CARD_LEDGER#uid           number                 webapp
42   the cards of a customer                    gsi1   CUSTOMER_CARDS#customer   card                   webapp
43   the card requests of a customer            table  ACCOUNT#account           CARD_REQUEST#request   webapp
44   an invoice by its number                   table  INVOICE#series#digits     number                 invoices
     the last number of its series              table  INVOICE#series            LAST                   invoices
45   the gifts that wait for a number           table  GIFTS#mac                 gift                   webapp
46   the open refund request of a ticket        table  TICKET#ticket             REFUND#refund          webapp
47   the closed gifts of a ticket               table  TICKET#ticket             GIFT#gift              webapp
48   the refusals of an unregistered card       table  CARD#uid                  REFUSED                the scan
49   the open card request of a customer        table  ACCOUNT#account           OPEN_CARD_REQUEST      webapp
50   the upcoming events of a customer          gsi1   AHEAD#customer            end#event              webapp
51   the open payment of an order, by method    table  ORDER#order               OPEN_PAYMENT#method    payments
52   the cards of a merchant in one status      gsi2   MERCHANT_CARDS#mer.#stat. uid                   merchant
53   the assignment of one card                 table  ASSIGNMENT#assignment     ASSIGNMENT             merchant
54   a merchant's assignments, newest first     gsi1   MERCHANT_ASSIGNED#mer.    moment#uid             merchant
55   a merchant's settings, totals and days     table  ACCOUNT#account           SETTINGS, TOTALS,      merchant
                                                                                 DAY#date
56   the events of an organizer, by their start gsi1   ORGANIZER_EVENTS#org      moment#event           organizer
57   an event's sales and check-ins, in buckets table  ANALYTICS#event           TOTALS, SALES#date,    organizer
                                                                                 CATEGORY#…, HOURS#day
58   an organizer's profile, totals and days    table  ACCOUNT#account           PROFILE, TOTALS,       organizer
                                                                                 DAY#date
59   the edit requests of an event, and how     table  EVENT_EDITS#event         EDIT_REQUEST#request,  organizer
     many are pending                                                            PENDING
60   the edit requests, by status               gsi1   EDIT_REQUESTS#status      request                staff
61   a payout                                   table  PAYOUT#payout             PAYOUT                 organizer
62   the payouts of an organizer, newest first  gsi1   ORGANIZER_PAYOUTS#org     payout                 organizer
63   the card a merchant holds for a customer   table  ACCOUNT#account           OPEN_ASSIGNMENT#mer.   merchant
64   a venue                                    table  VENUE#venue               VENUE                  organizer
65   the closed books of an event               table  EVENT#event               SETTLEMENT             payouts
66   an organization with its own tickets       table  TIX_ORG#organization      TIX_ORG                tix
67   the ticket totals of an organization       table  TIX_ORG#organization      TALLY                  tix, stream
68   the last number of a prefix, its ranges    table  TIX_NUMBERS#org.#prefix   LAST, RANGE#first      tix
69   a job of any area, by its id               table  JOB#job                   JOB                    owner, worker
70   a numbered ticket; an organization's       table  TIX_TICKETS#org.#bucket   ordinal                the scan, tix
     tickets in order of creation
71   the scanned and deleted ones of a bucket   table  TIX_BUCKETS#organization  BUCKET#number          tix, stream
72   the same counts, of a hundred buckets      table  TIX_BUCKETS#organization  GROUP#number           tix, stream
73   what an organization generated and         table  TIX_DAYS#organization     date                   tix, stream
     scanned on a day
74   whose a saved means of payment is          table  SAVED_METHOD#provider#…   SAVED_METHOD           payments
75   the users of an organization               table  TIX_ORG#organization      MEMBER#user            tix
76   a request that started a job, by digest    table  JOB_REQUEST#digest        JOB_REQUEST            tix
77   a code that a merchant sent to a customer  table  ACCOUNT#account           EARLY_CODE#merchant    merchant
     before choosing a card
78   the batches of sellers, newest first       gsi1   TIX_BATCHES#organization  batch                  tix
     a batch                                    table  TIX_BATCH#batch           TIX_BATCH              tix, sweep
79   the batch that has a number of a prefix    table  TIX_BATCH_NUMBERS#org.#p. LOCK, RANGE#first      tix
80   a one-time ticket of a live connection     table  LIVE_TICKET#hash          LIVE_TICKET            live
81   a live connection                          table  LIVE_CONNECTION#conn.     LIVE_CONNECTION        live
82   the live connections of a principal        table  LIVE_OF#principal         connection             live
83   the listeners of a channel                 table  LISTENERS#channel         connection             live
84   the last message id of a channel           table  LIVE#channel              HEAD, COUNTERS         live
85   news to publish on a channel               table  LIVE#channel              NEWS#source            live
86   a channel's published messages, by number  table  LIVE#channel              TOLD#number            live
87   the sessions of an account, newest first   gsi1   SESSIONS#account          session                every portal
88   a signed log-in that a device has used     table  ASSERTION#device#hash     ASSERTION              device
89   the open sockets of a principal            table  LIVE_SOCKETS#principal    LIVE_SOCKETS           live
90   the invitation of the first administrator  table  FIRST_ADMIN               FIRST_ADMIN            admin
91   the pending gifts, by their MAC's version  gsi2   GIFTS_BY_VERSION#v.#n     gift                   re-keying
92   a message that is sent, or was sent        table  SENT#message              SENT                   every sender
93   the customers to notify of an event        gsi2   HOLDERS#event#n           customer               notice runs
95   what the sweep gave up, for staff          gsi2   SET_ASIDE                 id                     operations
96   what holds the payout of an event          table  EVENT#event               PAYOUT_HOLD            payouts
98   the attendees of an event by a later word  table  ATTENDEE_WORDS#event#in. words#ticket           log search
     of their name
100  a list of staff in one ordering, for the    table  LIST#list#order#index#n  value#id               every list
     values of an index of its filters
101  the things of a list by a word             table  LIST_WORDS#list#in.#n    word#id                every list
110  the audit entries of a shard, in order     table  AUDIT#shard               number                 audit
111  the last entry of a shard's chain          table  AUDIT_HEAD#shard          AUDIT_HEAD             audit
112  the seals of the audit log, in order       table  AUDIT_SEALS               number                 audit
113  the last seal of the audit log             table  AUDIT_SEAL_HEAD           AUDIT_SEAL_HEAD        audit
120  who may do everything, so that one remains table  STAFF                     OWNERS                 staff
121  the platform's totals, in shards            table  PLATFORM#n                DAY#date#…, EVER#…,    dashboard,
                                                                                 WEEK#week#…, MONTH#…   stream
122  its sales and events by category            table  PLATFORM_CATEGORIES#n     MONTH#month#…, SUM#…   analytics,
                                                                                                        stream
123  the newest acts of staff                    table  RECENT_ACTS               entry                  dashboard
130  the paid orders of an event                gsi2   EVENT_ORDERS#event#n      order                  cancellation
131  the cancellation of an event               table  EVENT#event               CANCELLATION           staff
132  what a member of staff previewed of it     table  EVENT#event               CANCEL_PREVIEW#admin   staff
133  what the sandbox provider pays from        table  SANDBOX_FUNDS#currency    SANDBOX_FUNDS          payments
 140  the ticket of a refund request, by its id  table  REFUND_ADDRESS#refund     REFUND_ADDRESS         staff
 141  a dispute                                  table  DISPUTE#dispute            DISPUTE                staff
 142  what the sandbox was answered in a dispute table  SANDBOX_DISPUTE#reference  SANDBOX_DISPUTE        sandbox
 143  what cleared at a provider on a day        table  CLEARED#provider#date#n    journal                reconciliation
 144  the reconciliation of a day, and its       table  RECONCILIATION#date        RECONCILIATION,        staff, sweep
     differences                                                                  DIFFERENCE#name
 145  the sandbox's charges and refunds of a day gsi2   SANDBOX_DAY#date#n         reference              reconciliation
     a refund at the sandbox                     table  SANDBOX_REFUND#reference   SANDBOX_REFUND         sandbox
 146  what of a provider's list was found in the table  SEEN#provider#name         SEEN                   reconciliation
     books
 147  an incident                                table  INCIDENT#incident          INCIDENT               staff
 148  the scan of a conflict, by its log entry   table  CONFLICT_ADDRESS#log       CONFLICT_ADDRESS       staff
160  the closing of an event's books by itself   table  EVENT#event               BOOKS_DUE              sweep
161  a payout at the sandbox bank, and what the table  SANDBOX_PAYOUT#key        SANDBOX_PAYOUT         payouts
     bank can pay                                      SANDBOX_BANK              currency
162  the lines of an event's settlement             table  EVENT_LINES#event#n       moment#journal         settlements
163  what the journals of a day come to             table  COMPANY#currency#n        date                   company
164  an expense                                     table  EXPENSE#expense           EXPENSE                staff
165  a deposit                                      table  DEPOSIT#deposit           DEPOSIT                staff
166  the partners' shares, by the day they begin    table  PROFIT_SHARES             date                   staff
167  what a partner has withdrawn                   table  PARTNER#partner           PARTNER                staff
168  a withdrawal of profit                         table  WITHDRAWAL#withdrawal     WITHDRAWAL             staff
169  what providers took back of an event's sales   table  EVENT#event               TAKEN_BACK#currency    payments
170  what an organizer owes                         table  ORGANIZER_DEBT#organizer  currency               payouts
180  the orders of a customer, newest first     gsi1   CUSTOMER_ORDERS#customer  order                  staff, erasure
205  the numbers that arrived from a device     table  DEVICE#device             RECEIVED               uploads, board
190  the first arrival of an offline record     table  SCAN#caller#scan          RECEIPT                uploads
206  the phones of an usher at an event         table  ACCOUNT#account           PHONES#event           log-in
207  how many conflicts of an event are open    table  CONFLICTS#event           OPEN_CONFLICTS         sync status
208  the open and the closed conflicts of an    gsi1   CONFLICTS#event#state     log id                 staff logs
     event, newest first
150  the rows of a bulk job, and their problems  table  JOB#job                   ROWS#…, PROBLEMS#…     worker
151  whose a card request is                    table  CARD_REQUEST#request      CARD_REQUEST           staff
152  money that is left on a card or of a refund  table  LEFTOVER#card or payment LEFTOVER               stream, staff
153  a card's pay-back to one payment             table  CARD_PAY_BACK#pay-back   CARD_PAY_BACK          payments
154  a claim link by its digest, and a card's     table  CARD_CLAIM#digest,       CARD_CLAIM,            webapp
     newest                                              CARD#uid                 NEWEST_CLAIM
195  the leaves from an event, newest first     table  LEAVES#event#shard        log id                 usher
196  the leaves that nobody has returned from   gsi1   ON_LEAVE#event#shard      log id                 usher
197  the leaves of a ticket                     gsi2   TICKET_LEAVES#ticket      log id                 usher
200  the last number of an event's offline feed   table  OFFLINE#event            FEED                   stream, builds
201  the changes in it, by number                 table  OFFLINE#event            CHANGES#number         devices, ushers
202  the last full snapshot of an event           table  OFFLINE#event            BASE                   devices
215  all campuses                               table  CAMPUSES                  campus                 campus
216  the profile of a campus account            table  ACCOUNT#account           CAMPUS_PROFILE         campus
217  who claims a student number                table  STUDENT_NUMBER#number     CLAIM#user, VERIFIED   campus
218  whose a campus card is                     table  CAMPUS_CARD#uid           CAMPUS_CARD            campus
219  the tried log-ins of a campus account      table  CAMPUS_LOG_INS#account    log-in                 campus
220  a campus event                             table  CAMPUS_EVENT#event        CAMPUS_EVENT           campus
221  the people listed as expected at an event  table  ROSTER#event              user                   campus
222  students by campus, department and year    table  STUDENT_COUNTS#campus     department#year        campus, stream
223  the events that a person is listed at      gsi1   LISTED_AT#user            event                  campus
225  all of one student at one event            table  ATTENDANCE#attendance     ATTENDANCE, DRAFT,     campus, stream
                                                                                 VERSION#number,
                                                                                 PHOTO#side, SIGNATURE,
                                                                                 POSITION
226  who used a device, or was at a position    table  TRACE#event#what#mac      TRACE                  campus
227  the readings of codes of a person          table  QR_SCANS#user             scan                   campus
228  the appeals of one student at one event    table  ATTENDANCE#attendance     APPEAL#number          campus, stream
232  where a person was last seen at an event   table  ACCOUNT#account           LAST_PLACE             campus, stream
234  who had exactly these bytes of a photo     table  PICTURE#campus#sha256     PICTURE                jobs
235  the pictures with a band of their hash     table  PICTURE_BAND#campus#band  moment#attendance#side jobs
236  photos, signatures, positions of an event  gsi1   EVENT_EVIDENCE#event      kind#attendance#side   jobs
240  what a record is counted as                table  CAMPUS_COUNTED#event      attendance             stream
241  what a campus event is counted as          table  CAMPUS_TOTALS#event       COUNTED                stream
242  the totals of an event, the minutes of its table  CAMPUS_TOTALS#event       TOTALS, TOTALS#hour,   campus, stream
     hours, its newest submissions                                               RECENT#moment#…
243  the figures of each day of a student, an   table  CAMPUS_FIGURES#scope      DAY#date#part#name     campus, stream
     organizer, a campus or all; its events                                      DAY#date#~#event
244  the figures of all events, by day          table  CAMPUS_FIGURES#ALL        EVENT#date#event       campus, sweep
245  the newest submissions of a scope          table  CAMPUS_RECENT#scope       RECENT#moment#…        campus, stream
246  the flagged records of all, or of a        table  CAMPUS_FLAGGED(#scope)    date#attendance        campus, stream
     campus, by day
247  the days of campuses that moved since the  gsi2   CAMPUS_MOVED              date#campus            sweep
     figures of all campuses were made
250  a registered report                        table  CAMPUS_REPORT#report      CAMPUS_REPORT          campus, public
251  the pages of an event's log, newest first  table  LOG_PAGES#event           log id                 usher logs
252  what a listed person is counted as         table  CAMPUS_LISTED#event       user                   stream
253  the events of a month that expect people   table  CAMPUS_RULE#campus#       month#part             campus, stream
     by one rule                                       department#year
254  where a person has evidence: photos,       gsi2   PERSON_EVIDENCE#user      attendance             jobs
     signatures, coordinates

Question 7 is spread over `LOG_SHARDS` partitions: an index partition takes 1,000 writes a second
(AWS: "Best practices for designing and using partition keys"), and a page merges one query per shard.
Questions 195 and 196 are spread as question 7. Question 251 has a partition per event, since a page holds the rows of
many scans.
Questions 4 and 98 are spread by the first letter, question 18 by day, question 28 by minute and `DUE_SHARDS`.
Question 26 has a partition per shard, since the first second of a sale brings thousands of orders of one category.
So has question 39, since every payment moves the same few accounts.
So has question 110, since a chain takes one write at a time.
Questions 143 and 145 are spread over `DAY_SHARDS` partitions, since each sale has one.
Question 70 has a partition for each thousand tickets of an organization, so a page reads neighbours.
Question 91 is spread over `GIFT_SHARDS` partitions.
Question 93 is spread over `HOLDER_SHARDS`, since the first second of a sale brings thousands of customers of one event.
Questions 100 and 101 are spread over the shards that a list declares.
So is question 130, over `EVENT_ORDER_SHARDS`, since thousands of orders of one event come at once.
Questions 84 to 86 share a partition per channel: the stream delivers one partition in order, so a channel's messages
are published in that order.

Callers import this package and name the area: `keys.sale.order(order_id)`. One import is enough, no area's name
shadows a module of the domain, and each function has one import path.
"""

from chalicelib.table.keys import (
    access,
    attendance,
    audit,
    campus_analytics,
    campus_events,
    campus_people,
    campus_privacy,
    campus_reports,
    cancellations,
    cards,
    customers,
    disputes,
    events,
    finance,
    gate,
    idempotency,
    incidents,
    jobs,
    lists,
    live,
    merchants,
    money,
    offline,
    organizations,
    organizers,
    personal_data,
    platform,
    reconciliation,
    sale,
    tickets,
)

__all__ = [
    "access",
    "attendance",
    "audit",
    "campus_analytics",
    "campus_events",
    "campus_people",
    "campus_privacy",
    "campus_reports",
    "cancellations",
    "cards",
    "customers",
    "disputes",
    "events",
    "finance",
    "gate",
    "idempotency",
    "incidents",
    "jobs",
    "lists",
    "live",
    "merchants",
    "money",
    "offline",
    "organizations",
    "organizers",
    "personal_data",
    "platform",
    "reconciliation",
    "sale",
    "tickets",
]
