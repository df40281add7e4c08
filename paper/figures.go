package paper

// table1 returns the Table1 with the given ASRs and the poison rates, which are the
// same on both datasets.
func table1(label string, single []float64, asr [][]float64) Table1 {
	rates := [][]float64{
		{0.2},
		{0.2, 0.2},
		{0.2, 0.2, 0.2},
		{0.2, 0.2, 0.2, 0.2},
		{0.2, 0.2, 0.2, 0.2, 0.2},
		{0.4, 0.2, 0.2, 0.2, 0.2},
		{0.9, 0.9, 0.9, 0.9, 0.9},
	}
	t := Table1{Label: label, Target: 2, Single: single}
	for i, row := range rates {
		t.Rows = append(t.Rows, Table1Row{Rates: row, ASR: asr[i]})
	}
	return t
}

// pair is one "(single) ASR" of Table2.
type pair struct{ single, asr float64 }

// game2 returns Table2's columns for one number of attackers, given for each
// attacker the pair with equal labels and the pair with different labels.
func game2(attackers [][2]pair) Table2Game {
	g := Table2Game{
		Same:      Labelling{Labels: []string{"2", "2"}, Targets: []int{2, 2}},
		Different: Labelling{Labels: []string{"1", "2"}, Targets: []int{1, 2}},
	}
	if len(attackers) == 4 {
		g.Same = Labelling{Labels: []string{"bird", "bird", "bird", "bird"}, Targets: []int{2, 2, 2, 2}}
		g.Different = Labelling{Labels: []string{"automobile", "bird", "dog", "truck"}, Targets: []int{1, 2, 5, 9}}
	}
	for _, a := range attackers {
		for i, labelling := range []*Labelling{&g.Same, &g.Different} {
			labelling.Single = append(labelling.Single, a[i].single)
			labelling.ASR = append(labelling.ASR, a[i].asr)
		}
	}
	return g
}

// table3 returns the Table3 with the given cells: for each of Defenses and each N
// the mean ASR, its deviation and the clean accuracy.
func table3(cells [4][5][3]float64) Table3 {
	t := Table3{N: []int{1, 2, 5, 10, 100}}
	for i, defense := range Defenses() {
		row := Table3Row{Defense: defense}
		for j, c := range cells[i] {
			row.Games = append(row.Games, Table3Game{N: t.N[j], MeanASR: c[0], StdASR: c[1], CleanAccuracy: c[2]})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// mnist returns the tables on MNIST.
func mnist() Tables {
	return Tables{
		Dataset: MNIST,
		Table1: table1("2", []float64{95.3, 82.2, 93.5, 94.0, 92.9}, [][]float64{
			{95.3},
			{55.0, 51.1},
			{24.4, 25.0, 31.6},
			{11.6, 13.3, 5.0, 9.1},
			{13.3, 13.3, 11.6, 13.3, 5.0},
			{98.3, 10.0, 3.3, 25.0, 8.3},
			{2.7, 3.0, 2.5, 2.7, 3.1},
		}),
		Table2: Table2{CleanAccuracy: 96.1, Games: []Table2Game{
			game2([][2]pair{
				{{98.7, 45.0}, {98.3, 26.7}},
				{{94.8, 53.3}, {95.0, 33.3}},
			}),
			game2([][2]pair{
				{{99.6, 22.5}, {94.9, 14.2}},
				{{95.4, 21.7}, {89.2, 26.7}},
				{{98.3, 25.0}, {93.9, 11.7}},
				{{99.1, 23.3}, {95.3, 21.6}},
			}),
		}},
		Table3: table3([4][5][3]float64{
			{{96.3, 0, 96.1}, {45.0, 4.45, 89.6}, {15.5, 2.77, 87.5}, {8.59, 2.27, 72.2}, {5.07, 2.89, 68.1}},
			{{55.6, 2.77, 85.3}, {23.6, 2.12, 84.1}, {9.2, 0.67, 80.4}, {3.2, 0.42, 80.2}, {3.0, 0.76, 74.6}},
			{{1.97, 0.18, 82.6}, {1.42, 0.17, 82.7}, {1.29, 0.29, 79.4}, {1.21, 0.32, 78.2}, {1.44, 0.29, 75.6}},
			{{2.4, 0, 90.1}, {1.8, 0.35, 89.4}, {1.4, 1.24, 91.2}, {1.3, 1.36, 87.4}, {1.9, 1.26, 88.5}},
		}),
	}
}

// cifar10 returns the tables on CIFAR-10.
func cifar10() Tables {
	return Tables{
		Dataset: CIFAR10,
		Table1: table1("bird", []float64{85.0, 91.6, 90.0, 86.6, 85.0}, [][]float64{
			{85.0},
			{45.3, 49.4},
			{21.6, 26.7, 38.3},
			{14.1, 13.3, 13.3, 11.6},
			{10.0, 3.3, 16.7, 18.3, 15.0},
			{53.3, 9.2, 2.5, 1.6, 1.3},
			{7.2, 8.0, 8.3, 7.8, 6.7},
		}),
		Table2: Table2{CleanAccuracy: 92.6, Games: []Table2Game{
			game2([][2]pair{
				{{94.2, 48.3}, {96.0, 32.6}},
				{{94.0, 56.7}, {94.2, 42.5}},
			}),
			game2([][2]pair{
				{{98.8, 53.3}, {95.0, 15.5}},
				{{96.2, 46.7}, {94.5, 14.8}},
				{{95.5, 45.0}, {97.3, 24.5}},
				{{99.8, 48.9}, {98.5, 24.0}},
			}),
		}},
		Table3: table3([4][5][3]float64{
			{{92.5, 0, 92.6}, {45.4, 2.95, 89.4}, {22.3, 1.38, 88.6}, {12.7, 1.48, 79.2}, {9.3, 1.34, 74.5}},
			{{45.8, 8.96, 84.5}, {30.6, 12.87, 85.2}, {17.8, 12.84, 82.0}, {14.3, 13.03, 78.9}, {7.8, 18.69, 72.7}},
			{{7.4, 0.15, 78.9}, {7.7, 0.45, 77.4}, {6.5, 0.92, 78.5}, {5.2, 0.16, 76.2}, {3.1, 1.29, 71.0}},
			{{4.5, 0, 87.6}, {7.4, 0.05, 86.5}, {3.7, 2.08, 89.4}, {2.1, 2.10, 85.3}, {2.2, 1.80, 82.1}},
		}),
	}
}
