package main

import (
	"context"
	"math/rand/v2"
	"time"
)

// wander plays random changes until ctx ends. What somebody shows already is no change.
func (s *stage) wander(ctx context.Context, d *demo) {
	pairs := [][2]string{{"Available", "Available"}, {"Busy", "Busy"}, {"Busy", "InAMeeting"}, {"Away", "Away"}, {"DoNotDisturb", "DoNotDisturb"}}
	words := []string{"", "away", "busy", "dnd", "lunch"}
	s.await(ctx, func() bool {
		return s.connector.status().Bridge.Linked > 0 && s.connector.status().Bridge.Drift.OutOfStep == 0
	})
	s.looked(ctx)
	for ctx.Err() == nil {
		a := s.cast.actors[rand.IntN(len(s.cast.actors))]
		if a == s.cast.carla || a == s.cast.zoe {
			continue // without licence, and in a call
		}
		var p step
		if rand.IntN(2) == 0 {
			pair := pairs[rand.IntN(len(pairs))]
			word := expectedToPBX[pair[1]]
			if s.pbxShows(a) == pbxWord(word) {
				continue
			}
			p = s.toPBX(a, "Teams shows "+pair[0]+"/"+pair[1], word, func() {
				s.tenant.Reset(a.id)
				s.tenant.Show(a.id, pair[0], pair[1])
			})
		} else {
			word := words[rand.IntN(len(words))]
			if s.pbxShows(a) == pbxWord(word) && word != "" {
				continue
			}
			p = s.toTeams(a, "sets "+(pbxWord(word))+" at the phone", expectedToTeams[word], s.set(a, word))
			if word == "" {
				p = p.from(s, a, expectedToTeams["busy"], "busy", func() {
					s.show(a, "Available", "Available")()
					s.set(a, "busy")()
				})
			}
		}
		if err := d.step(ctx, s, p); err != nil {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

func pbxWord(activity string) string {
	if activity == "" {
		return "available"
	}
	return activity
}
