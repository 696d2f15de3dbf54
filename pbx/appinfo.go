package pbx

// AppInfo is what an app tells PBXs and pages of itself (innovaphone SDK:
// AppWebsocket, AppInfo).
type AppInfo struct {
	Hidden   bool // no tile for it on the home screen
	Presence bool // it shows presence
	// APIs are what the page of the app offers to other pages, such as
	// "com.innovaphone.search".
	APIs []string
	// ServiceAPIs are what the service offers to those who connect to it.
	ServiceAPIs []string
}

// result is the body of an AppInfoResult.
func (i AppInfo) result(app string) any {
	return fields{
		"app":         app,
		"info":        fields{"hidden": i.Hidden, "presence": i.Presence, "apis": offered(i.APIs)},
		"serviceInfo": fields{"apis": offered(i.ServiceAPIs)},
	}
}

func offered(apis []string) fields {
	all := fields{}
	for _, api := range apis {
		all[api] = fields{}
	}
	return all
}
