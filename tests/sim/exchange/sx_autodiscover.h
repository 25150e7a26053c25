/*
 * sx_autodiscover: the simulator's Autodiscover: SOAP at /autodiscover/autodiscover.svc
 * (GetUserSettings), POX at /autodiscover/autodiscover.xml, in any case of the path, behind the
 * same sign-in as EWS. Which host a request was meant for is its Host header: one simulator is all
 * hosts.
 *
 * By itself it names https://<Host>/EWS/Exchange.asmx. The control API says otherwise, POST
 * /control/autodiscover with any of (null takes one away):
 *   "external", "internal"   URLs of EWS
 *   "mailboxes"              {"pat@church.example": "https://..."}: external of single mailboxes
 *   "hosts"                  [hosts] that answer; others say 404
 *   "gone"                   [hosts] whose EWS says 404 (a server that was switched off)
 *   "get"                    target of the 302 that GET autodiscover.xml answers
 *   "rules"                  [{"do": WHAT, "host", "protocol": "soap" or "pox", "address",
 * "times"}], first that fits; times 0 or absent: always. WHAT: "html", "busy", "fault", "cut",
 * "drop", "slow" (+"ms"), "status" (+"status"), "error" (+"code"), "redirect" (302),
 * "redirect_url", "redirect_address" (+"target") GET: the counts. DELETE: counts from 0.
 * @source  reference/ews.md section 4
 */
#ifndef SYNC_SIM_SX_AUTODISCOVER_H
#define SYNC_SIM_SX_AUTODISCOVER_H

#include <jansson.h>
#include <stdbool.h>

struct sim_req;
struct sx;
struct sx_autodiscover;

struct sx_autodiscover *sx_autodiscover_new(void);
void sx_autodiscover_free(struct sx_autodiscover *d); /* NULL is fine */
/* false: not its path. */
bool sx_autodiscover_serve(struct sx *x, struct sim_req *req);
/* The EWS of this request's host is gone: answered. */
bool sx_autodiscover_gone(struct sx *x, struct sim_req *req);
int sx_autodiscover_control(struct sx_autodiscover *d,
                            const char *method,
                            json_t *body,
                            json_t **ret);

#endif
