package graph

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/communications"
	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"

	"github.com/pbx365/connector/presence"
)

// bulkLimit is the number of people one call reads (Graph:
// cloudCommunications: getPresencesByUserId).
const bulkLimit = 650

// unknown is what Teams shows of somebody it knows nothing about.
const unknown = "PresenceUnknown"

// bulk makes one call for at most bulkLimit people. It takes the bytes of the answer
// from the SDK and decodes them itself: the SDK takes six times as long and fifty
// times the allocations.
func (c *Client) bulk(ctx context.Context, ids []string) (all []Presence, err error) {
	begin := time.Now()
	err = c.call(ctx, opReadPresence, func() error {
		body := communications.NewGetPresencesByUserIdPostRequestBody()
		body.SetIds(ids)
		request, err := c.sdk.communications().GetPresencesByUserId().ToPostRequestInformation(ctx, body, nil)
		if err != nil {
			return err
		}
		raw, err := c.sdk.adapter.SendPrimitive(ctx, request, "[]byte", abstractions.ErrorMappings{
			"XXX": odataerrors.CreateODataErrorFromDiscriminatorValue,
		})
		if err != nil {
			return err
		}
		text, _ := raw.([]byte)
		all, err = decodeBulk(text, ids, begin)
		return err
	})
	return all, err
}

// decodeBulk returns what an answer says of ids, in their order. Graph promises no order, and
// may leave out whom it does not know.
func decodeBulk(text []byte, ids []string, at time.Time) ([]Presence, error) {
	var answer struct{ Value []rawPresence }
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, shape(err)
	}
	if answer.Value == nil {
		return nil, errNoList
	}
	all := make([]Presence, len(ids))
	var found map[string]rawPresence
	next := 0 // the answer usually keeps the order
	for i, id := range ids {
		p := rawPresence{Availability: unknown, Activity: unknown}
		if next < len(answer.Value) && strings.EqualFold(answer.Value[next].ID, id) {
			p = answer.Value[next]
			next++
		} else {
			if found == nil {
				found = byID(answer.Value)
			}
			if other, ok := found[strings.ToLower(id)]; ok {
				p = other
			}
		}
		all[i] = Presence{User: id, Seen: p.seen(at)}
	}
	return all, nil
}

func byID(list []rawPresence) map[string]rawPresence {
	found := make(map[string]rawPresence, len(list))
	for _, p := range list {
		found[strings.ToLower(p.ID)] = p
	}
	return found
}

// rawPresence is the presence resource type, as far as it is used.
type rawPresence struct {
	ID             string `json:"id"`
	Availability   string `json:"availability"`
	Activity       string `json:"activity"`
	SequenceNumber string `json:"sequenceNumber"`
}

func (p rawPresence) seen(at time.Time) presence.TeamsSeen {
	return presence.TeamsSeen{
		Value:    presence.Teams{Availability: p.Availability, Activity: p.Activity},
		Sequence: p.SequenceNumber,
		At:       at,
	}
}
