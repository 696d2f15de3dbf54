package pbxtest

import "fmt"

type targetBody struct {
	Target string `json:"target"`
}

// impersonationAPI serves PbxImpersonation: instances of PbxApi that act as a user
// (SDK page PbxImpersonation).
func (c *conn) impersonationAPI(m message) error {
	switch m.MT {
	case "CreateApi":
		return c.createAPI(m)
	case "DeleteApi":
		return c.deleteAPI(m)
	}
	return c.unknown(m)
}

func (c *conn) createAPI(m message) error {
	var p targetBody
	if err := m.decode(&p); err != nil {
		return err
	}
	if p.Target != apiPresence || !c.pbx.enabled(apiPresence) {
		return refuse("API cannot be impersonated")
	}
	u, err := c.addressee(m)
	if err != nil {
		return err
	}
	target := fmt.Sprintf("%s.%d", apiPresence, c.lastAPI)
	c.lastAPI++
	c.addPresenceAPI(target, u)
	c.result(m, encode(targetBody{target}))
	return nil
}

// deleteAPI ends an impersonation with the subscriptions and alien calls made on it.
func (c *conn) deleteAPI(m message) error {
	var p targetBody
	if err := m.decode(&p); err != nil {
		return err
	}
	api := c.presence[p.Target]
	if api == nil || api.actor == nil {
		return refuse("no such API")
	}
	api.close()
	c.result(m, encode(struct {
		OK bool `json:"ok"`
	}{true}))
	return nil
}
