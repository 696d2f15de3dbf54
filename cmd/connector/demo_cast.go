package main

import (
	"fmt"
	"strings"

	"github.com/pbx365/connector/graph/graphtest"
	"github.com/pbx365/connector/pbx/pbxtest"
)

// actor is one person: an account in Teams and a user on the PBX.
type actor struct {
	name string
	id   string // object id
	guid string // of the PBX user
}

// cast are the people of the demo.
type cast struct {
	anna, ben, carla, zoe actor   // carla loses the licence
	joerg                 actor   // one of two of that name
	soren, ibrahim        actor   // at home on the slave
	nina                  actor   // comes to Teams later
	actors                []actor // everybody linked from the start
	silent                []actor // nothing may be written for them
}

// castSize is the number of people with a part: those of newCast, and the communication user.
const castSize = 14

// newCast puts everybody into the tenant and onto the PBX.
func newCast(tenant *graphtest.Server, system *pbxtest.System, people int) cast {
	add := func(name, login, home string, teams, licensed bool, emails ...string) actor {
		user := system.AddUser(pbxtest.User{
			Name: login, LongName: name, DisplayName: name, Home: home, Licensed: licensed, Emails: emails,
		})
		a := actor{name: name, guid: user.GUID}
		if teams {
			a.id = tenant.AddUser(graphtest.User{
				DisplayName: name, UPN: login + "@example.com", Mail: login + "@example.com", Teams: true,
			})
			tenant.SignIn(a.id)
		}
		return a
	}
	c := cast{
		anna:    add("Anna Müller", "anna.mueller", "master", true, true),
		ben:     add("Benoît Lefèvre", "ben", "master", true, true),
		carla:   add("Carla Weiß", "carla", "master", true, true),
		zoe:     add("Zoë Ångström", "zoe", "master", true, true),
		joerg:   add("Jörg Schmidt", "joerg.schmidt", "master", true, true, "joerg.schmidt@example.com"),
		soren:   add("Søren Østergaard", "soren", "slave", true, true),
		ibrahim: add("İbrahim Yılmaz", "ibrahim", "slave", true, true),
		nina:    add("Nina Neumann", "nina", "master", false, true),
	}
	c.actors = []actor{
		c.anna, c.ben, c.carla, c.zoe, c.soren, c.ibrahim,
		// A name twice, told apart by address.
		c.joerg,
		add("Jörg Schmidt", "joerg.schmidt2", "master", true, true, "joerg.schmidt2@example.com"),
	}
	c.silent = []actor{
		add("Ute Unlizenziert", "ute", "master", true, false),
		// A name twice, and nothing to tell them apart.
		add("Alex Meier", "alex1", "master", true, true),
		add("Alex Meier", "alex2", "master", true, true),
		add("Nur Telefon", "reception", "master", false, true),
		{name: "Presence Service"},
	}
	for n := len(c.actors) + len(c.silent) + 1; n < people; n++ {
		c.actors = append(c.actors, add(fmt.Sprintf("Person %05d", n), fmt.Sprintf("person%05d", n),
			[]string{"master", "slave"}[n%2], true, true))
	}
	return c
}

// arrive creates the account of somebody who so far was only on the PBX.
func (s *stage) arrive(a *actor) {
	login, _ := s.system.User(a.guid)
	a.id = s.tenant.AddUser(graphtest.User{
		DisplayName: a.name, UPN: strings.ToLower(login.Name) + "@example.com", Teams: true,
	})
	s.tenant.SignIn(a.id)
}
