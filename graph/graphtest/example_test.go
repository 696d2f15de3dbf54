package graphtest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/pbx365/connector/graph/graphtest"
)

func Example() {
	s := graphtest.New(graphtest.Options{})
	s.AddApp(graphtest.App{ID: "my-app", Secret: "my-secret", Roles: []string{"Presence.Read.All"}})
	ada := s.AddUser(graphtest.User{DisplayName: "Ada", UPN: "ada@contoso.com", Teams: true})
	s.SignIn(ada)
	s.Show(ada, "Busy", "InAMeeting")

	answer, err := s.Client().PostForm(s.AuthorityURL()+"/"+s.Tenant()+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {"my-app"}, "client_secret": {"my-secret"},
		"scope": {"https://graph.microsoft.com/.default"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer answer.Body.Close()
	var token struct {
		Access string `json:"access_token"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&token); err != nil {
		fmt.Println(err)
		return
	}

	r, err := http.NewRequest(http.MethodGet, s.GraphURL()+"/users/"+ada+"/presence", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	r.Header.Set("Authorization", "Bearer "+token.Access)
	answer, err = s.Client().Do(r)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer answer.Body.Close()
	var presence struct{ Availability, Activity string }
	if err := json.NewDecoder(answer.Body).Decode(&presence); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(presence.Availability, presence.Activity)
	// Output: Busy InAMeeting
}

func ExampleServer_Show() {
	s := graphtest.New(graphtest.Options{})
	ada := s.AddUser(graphtest.User{UPN: "ada@contoso.com", Teams: true})
	fmt.Println(s.Presence(ada).Pair)
	s.Show(ada, "Busy", "InACall")
	fmt.Println(s.Presence(ada).Pair)
	s.Choose(ada, "Away", "Away")
	fmt.Println(s.Presence(ada).Pair, "hides the call")
	s.SignOut(ada)
	fmt.Println(s.Presence(ada).Pair, "in spite of the choice")
	// Output:
	// Offline/Offline
	// Busy/InACall
	// Away/Away hides the call
	// Offline/Offline in spite of the choice
}
