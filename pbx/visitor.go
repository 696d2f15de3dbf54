package pbx

import (
	"encoding/json"
	"strings"
)

// Visitor is who has logged in, as the PBX vouches for it (innovaphone SDK:
// AppWebsocket, AppLogin). Everything in it was proved with the password, by the PBX
// for a person and by the App object for a PBX.
type Visitor struct {
	App         string // name of the app, one of Options.App and Options.Apps
	Domain      string // system name of the PBX, may be empty
	Name        string // user part of the SIP address; of the App object for a PBX
	GUID        string // 32 hexadecimal digits
	DisplayName string
	LongName    string // empty without info, as are all that follow
	PBX         string // the PBX the login comes from; empty on old builds
	Object      string // the App object that granted access
	URL         string // as configured at that object: the address of the app
	Unlicensed  bool   // holds no licence for the app
	TestMode    bool   // the PBX runs in test mode, where everybody counts as licensed
	Licences    int    // service licences of the App object
	Groups      []string
	Apps        []string // names of the other apps that may be used

	// Key is the session key of this login.
	Key Key
}

// info is what an AppLogin tells beyond its fixed members.
type info struct {
	Object     string            `json:"appobj"`
	URL        string            `json:"appurl"`
	PBX        string            `json:"pbx"`
	LongName   string            `json:"cn"`
	Unlicensed bool              `json:"unlicensed"`
	TestMode   bool              `json:"testmode"`
	Licences   scalar            `json:"lics"`
	Groups     []json.RawMessage `json:"groups"`
	Apps       []struct {
		Name string `json:"name"`
	} `json:"apps"`
}

// visitor returns who a login is of, before anything is proved, and whether it claims
// to be a PBX: that one comes in the name of its App object, a person through one.
func (l login) visitor() (v Visitor, isPBX bool, err error) {
	v = Visitor{App: l.App, Domain: l.Domain, Name: l.SIP, GUID: l.GUID, DisplayName: l.DN, Object: l.PBXObject}
	if l.Info == nil {
		return v, false, nil
	}
	var i info
	if err := json.Unmarshal(l.Info, &i); err != nil {
		return v, false, err
	}
	v.LongName, v.PBX, v.Object, v.URL = i.LongName, i.PBX, i.Object, i.URL
	v.Unlicensed, v.TestMode, v.Licences = i.Unlicensed, i.TestMode, i.Licences.number()
	for _, group := range i.Groups {
		if name := groupName(group); name != "" {
			v.Groups = append(v.Groups, name)
		}
	}
	for _, app := range i.Apps {
		v.Apps = append(v.Apps, app.Name)
	}
	return v, l.PBXObject == "" && i.Object != "" && i.Object == l.SIP, nil
}

// groupName reads an element of groups, whose type no source tells: a name, or an
// object with one.
func groupName(group json.RawMessage) string {
	var name string
	if json.Unmarshal(group, &name) == nil {
		return name
	}
	var object struct {
		Name string `json:"name"`
	}
	_ = json.Unmarshal(group, &object)
	return strings.TrimSpace(object.Name)
}
