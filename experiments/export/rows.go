package export

import "backfire/game"

// None stands for no agent and no class in the columns of an export; as an owner it is the defender.
const None = -1

// TrainingRow describes an image of the training set. Agents are named by their IDs.
type TrainingRow struct {
	Row        int  `json:"row"`         // in the training set, from 0
	Label      int  `json:"label"`       // trained on
	CleanLabel int  `json:"clean_label"` // true
	Owner      int  `json:"owner"`       // agent that contributed it; None: the defender
	Poisoned   bool `json:"poisoned"`    // whether it carries the trigger of an attacker
	Trigger    int  `json:"trigger"`     // attacker whose trigger it carries, or None
	Simulated  int  `json:"simulated"`   // simulated attacker whose trigger the defender stamped, or None
	Source     int  `json:"source"`      // index in the dataset
}

// HeldOutRow describes a held-out image. The rows have the order of store.PredictionsFile.
type HeldOutRow struct {
	Row       int  `json:"row"`       // from 0
	Label     int  `json:"label"`     // true
	Owner     int  `json:"owner"`     // agent that held it out; None: the defender
	Stamped   bool `json:"stamped"`   // whether it carries its owner's trigger
	Trigger   int  `json:"trigger"`   // attacker whose trigger it carries, or None
	Target    int  `json:"target"`    // target class of the owner; None: it is no attacker
	Predicted int  `json:"predicted"` // by the stored model
	Source    int  `json:"source"`    // index in the dataset
}

// trainingRows returns the rows of the training set.
func (m *Model) trainingRows() []TrainingRow {
	ids, simulated := m.deal.Cell.Game.AgentIDs(), m.deal.Files().Simulated
	rows := make([]TrainingRow, len(m.deal.Training.Rows))
	for i, row := range m.deal.Training.Rows {
		r := TrainingRow{
			Row: i, Label: int(row.New), CleanLabel: int(row.Old), Owner: None, Trigger: None, Simulated: None, Source: row.Source,
			Poisoned: row.Trigger != game.NoTrigger,
		}
		if row.Owner != game.Defender {
			r.Owner = ids[row.Owner]
		}
		if row.Trigger != game.NoTrigger {
			r.Trigger = ids[row.Trigger]
		}
		if simulated != nil && simulated[i] >= 0 {
			r.Simulated = simulated[i]
		}
		rows[i] = r
	}
	return rows
}

// heldOutRows returns the rows of the held-out images.
func (m *Model) heldOutRows() []HeldOutRow {
	ids, attackers := m.deal.Cell.Game.AgentIDs(), m.deal.Cell.Game.Attackers
	rows := make([]HeldOutRow, m.deal.Probes.N)
	for i, probe := range m.deal.Probes.List {
		r := HeldOutRow{
			Row: i, Label: int(probe.Label), Owner: None, Trigger: None, Target: None, Source: probe.Source,
			Stamped: probe.Trigger != game.NoTrigger, Predicted: int(m.predicted[i]),
		}
		if probe.Owner != game.Defender {
			r.Owner = ids[probe.Owner]
			if probe.Owner < len(attackers) {
				r.Target = attackers[probe.Owner].Target
			}
		}
		if probe.Trigger != game.NoTrigger {
			r.Trigger = ids[probe.Trigger]
		}
		rows[i] = r
	}
	return rows
}

// trainingImage returns the values of a row of the training set, channel by channel.
func (m *Model) trainingImage(row int) []uint8 {
	size := m.deal.Training.Shape.Size()
	return m.deal.Training.Images[row*size : (row+1)*size]
}

// heldOutImage returns the values of a held-out image, channel by channel.
func (m *Model) heldOutImage(row int) []uint8 {
	size := m.deal.Probes.Shape.Size()
	return m.deal.Probes.Images[row*size : (row+1)*size]
}
