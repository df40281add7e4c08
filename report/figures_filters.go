package report

import (
	"fmt"
	"math"
	"strconv"

	"backfire/figures"
	"backfire/stats"
)

// mostFiltered is the largest number of games in the figure of filters, and mostFilteredAgents that of attackers.
const (
	mostFiltered       = 24
	mostFilteredAgents = 20
)

// filterRecall draws the share of each attacker's poisoned images that the filter of a game removed. Of more than
// mostFiltered games it draws some.
func (d *drawing) filterRecall() error {
	var all []*series
	for _, s := range d.done() {
		if s.filtered() && s.n <= mostFilteredAgents {
			all = append(all, s)
		}
	}
	drawn := all
	if len(all) > mostFiltered {
		drawn = spreadOut(all, mostFiltered)
	}
	heat := figures.Heat{
		Name: "filter-recall", Title: "Recall of filters by attacker",
		Caption:  "Share of each attacker's images with its trigger that the filter removed, in percent; mean over the seeds.",
		RowLabel: "filter", ColumnLabel: "attacker",
	}
	if len(drawn) < len(all) {
		heat.Caption += fmt.Sprintf(" %d of %d games are shown.", len(drawn), len(all))
	}
	most := 0
	for _, s := range drawn {
		most = max(most, s.n)
	}
	for i := range most {
		heat.Columns = append(heat.Columns, strconv.Itoa(i))
	}
	for _, s := range drawn {
		row := make([]float64, most)
		for i := range row {
			row[i] = math.NaN()
			if i < s.n {
				var images int
				row[i], images = s.recallOf(s.attackers()[i].ID)
				heat.Columns[i] = strconv.Itoa(s.attackers()[i].ID)
				if images > 0 && (heat.Images == 0 || images < heat.Images) {
					heat.Images = images
				}
			}
		}
		heat.Rows, heat.Shares = append(heat.Rows, d.gameName(s)), append(heat.Shares, row)
	}
	return d.add(heat, drawn)
}

// recallOf returns the mean recall of the filters of a game for the agent with an ID, over the seeds in which it has
// images with triggers, and the number of these images; NaN without any.
func (s *series) recallOf(id int) (mean float64, images int) {
	var rates []float64
	for _, p := range s.complete() {
		if p.game.Filter == nil {
			continue
		}
		for _, agent := range p.game.Filter.Agents {
			if agent.ID == id && agent.Recall.Of > 0 {
				rates = append(rates, agent.Recall.Value())
				images += agent.Recall.Of
			}
		}
	}
	return float64(stats.Over(rates, func(rate float64) float64 { return rate }).Mean), images
}
