//! Defaults where classes lie in a row: iris, whose middle class is hardly ever the likeliest after few iterations, until the calibrator lifts
//! it.
#![allow(clippy::unwrap_used)]

mod common;

use head_fit::{Classifier, Data, Metrics, stratified_folds};

#[test]
fn few_iterations_tell_classes_in_a_row_apart() {
    let (x, y) = common::iris();
    let (mut log_loss, mut lifted) = (0.0, 0);
    let folds = stratified_folds(&y, 5, 0);
    for fold in &folds {
        let parts = common::split(&x, &y, fold);
        let ((x, y), (test_x, test_y)) = (&parts.train, &parts.test);
        let training = Classifier::default().prepare(&Data::new(x.view(), y.view()).unwrap(), None).unwrap();
        let shifts = training.options.calibrator.as_ref().map_or(&[][..], |calibrator| &calibrator.shifts);
        lifted += usize::from(matches!(shifts, [first, middle, last] if middle > first && middle > last));
        assert!(training.plan.job.iterations() <= 6, "{}", training.plan.job.iterations());
        let model = training.model(&training.train_simulated().unwrap().weights).unwrap();
        let metrics =
            Metrics::of_classes(&test_y.to_vec(), &model.predict_proba(&test_x.view()).unwrap().view());
        println!("{:?}: {:.4}", training.options, metrics.log_loss);
        log_loss += metrics.log_loss / folds.len() as f64;
    }
    println!("log loss {log_loss:.4}");
    // scikit-learn's LogisticRegressionCV on standardised features has 0.09 on such folds
    assert!(log_loss < 0.1, "{log_loss}");
    assert!(lifted >= 4, "{lifted}");
}
